/**
 * The table of hostile cases: each row does something hostile for real, through the code that meets
 * strangers, and comes to its one code. The table, the union of codes and the README agree both ways.
 */
import { existsSync, readFileSync } from 'node:fs'
import test from 'brittle'
import { ERROR_CODES } from '../src/base/errors.ts'
import { WIRE_CODES } from '../src/node/peer.ts'
import { ANSWER_ROWS } from './hostile/answers.ts'
import { BYTE_ROWS } from './hostile/bytes.ts'
import { KEEPING_ROWS } from './hostile/keeping.ts'
import { MACHINE_ROWS } from './hostile/machine.ts'
import type { Row } from './hostile/row.ts'
import { SESSION_ROWS } from './hostile/session.ts'

const PARTS: Record<string, Row[]> = {
  'bytes of strangers': BYTE_ROWS,
  'clients of a session': SESSION_ROWS,
  'servers of a session': ANSWER_ROWS,
  'store requests': KEEPING_ROWS,
  'the machine': MACHINE_ROWS,
}
const rows = Object.values(PARTS).flat()
const file = (path: string) => new URL(`../${path}`, import.meta.url)

for (const [part, cases] of Object.entries(PARTS)) {
  test(`hostile - ${part}: every case comes to its code`, async (t) => {
    for (const row of cases) {
      if ('provoke' in row) t.is(await row.provoke(), row.code, row.what)
      else t.ok(names(row.provokedBy, row.code), `${row.what}: ${row.provokedBy} provokes ${row.code}`)
    }
  })
}

test('hostile - no case stands in the table twice', (t) => {
  const seen = new Set<string>()
  const twice = rows.filter(({ what }) => seen.has(what) || !seen.add(what))
  t.alike(
    twice.map(({ what }) => what),
    [],
  )
})

test('hostile - every code is provoked, and the table knows no other', (t) => {
  const provoked = new Set(rows.map(({ code }) => code))
  t.alike(
    ERROR_CODES.filter((code) => !provoked.has(code)),
    [],
    'never provoked',
  )
  t.alike(
    [...provoked].filter((code) => !ERROR_CODES.includes(code)),
    [],
  )
  t.alike(
    WIRE_CODES.filter((code) => !ERROR_CODES.includes(code)),
    [],
    'what travels is a code',
  )
})

test('hostile - the README gives each code a heading with its meaning, and no other', (t) => {
  const readme = readFileSync(file('README.md'), 'utf8')
  const section = readme.split('## Error codes')[1]?.split(/^## /m)[0] ?? ''
  const headings = [...section.matchAll(/^### `([A-Z_]+)`$/gm)].map(([, code]) => code)
  t.alike([...headings].sort(), [...ERROR_CODES].sort())
  for (const heading of headings) {
    const text = section.split(`### \`${heading}\``)[1]?.split(/^###/m)[0] ?? ''
    t.ok(text.trim().length > 40, `${heading} has its meaning and its remedy`)
  }
})

/** Whether a test file exists and names the code. */
function names(path: string, code: string): boolean {
  return existsSync(file(path)) && readFileSync(file(path), 'utf8').includes(code)
}
