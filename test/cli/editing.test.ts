/** Writing what others may have changed meanwhile: edit, publish of a remembered file, merge; before real nodes in virtual time. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import type { VersionJson } from '../../src/node/io/control/shapes.ts'
import { onAnotherDevice } from '../helpers/world.ts'
import type { RunOptions } from './fake-shell.ts'
import { type WorldHome, worldHome } from './world-home.ts'

const TEXT = 'one\ntwo\nthree\nfour\nfive\n'

/** An editor that replaces a text by another. */
const editor = (from: string | RegExp, to: string): RunOptions => ({
  editor: (_, file) => {
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
    return 0
  },
})

async function put(home: WorldHome, path: string, text: string): Promise<string> {
  await home.world.advance(1_000)
  writeFileSync(join(home.home, 'page.md'), text)
  const { status, out, err } = await home.run(['publish', 'page.md', '--as', path, '-q'])
  if (status !== 0) throw new Error(err)
  return out.trim()
}

async function log(home: WorldHome, path: string): Promise<VersionJson[]> {
  const { out } = await home.run(['log', path, '--json'])
  return (JSON.parse(out) as { versions: VersionJson[] }).versions
}

const draftsOf = ({ home }: WorldHome): string[] => {
  return existsSync(join(home, 'drafts')) ? readdirSync(join(home, 'drafts')) : []
}

test('edit - what the editor leaves is published, and what it leaves alone is not', async (t) => {
  const home = await worldHome(t)
  const modes: number[] = []
  const made = await home.run(['edit', 'garden/bees', '-m', 'New'], {
    editor: (line, file) => {
      t.is(line, 'my-editor --wait')
      modes.push(statSync(file).mode & 0o777)
      t.is(readFileSync(file, 'utf8'), '', 'a new page is empty')
      writeFileSync(file, '# Bees\r\n')
      return 0
    },
    env: { VISUAL: 'my-editor --wait', EDITOR: 'other' },
  })
  t.is(made.status, 0, made.err)
  t.alike(modes, [0o600])
  t.is((await home.run(['get', 'garden/bees'])).out, '# Bees\n', 'in normal form')
  const same = await home.run(['edit', 'garden/bees'], { editor: () => 0 })
  t.alike([same.status, same.out, same.err], [0, '', 'nothing changed, nothing published\n'])
  await home.world.advance(1_000)
  const changed = await home.run(['edit', 'garden/bees', '-q'], editor('Bees', 'Wasps'))
  const versions = await log(home, 'garden/bees')
  t.alike([versions.length, versions[0]?.id], [2, changed.out.trim()])
  t.alike(draftsOf(home), [], 'no draft is left')
})

test('edit - an editor that fails, or leaves what is no text, loses nothing', async (t) => {
  const home = await worldHome(t)
  await put(home, 'bees', TEXT)
  const untouched = await home.run(['edit', 'bees'], { editor: () => 1 })
  t.is(untouched.status, 2)
  t.alike(draftsOf(home), [], 'nothing was written, so nothing is kept')
  const failed = await home.run(['edit', 'bees'], {
    editor: (_, file) => {
      writeFileSync(file, 'half a word')
      return 137
    },
  })
  t.is(failed.status, 2)
  const [draft] = draftsOf(home)
  const path = join(home.home, 'drafts', draft!)
  t.ok(failed.err.includes(`your text is kept in ${path}`), failed.err)
  t.is(readFileSync(path, 'utf8'), 'half a word')
  t.is((await home.run(['get', 'bees'])).out, TEXT)
  const later = await home.run(['publish', path])
  t.is(later.status, 0, 'it goes on from there')
  t.is((await home.run(['get', 'bees'])).out, 'half a word')

  const noText = await home.run(['edit', 'bees'], {
    editor: (_, file) => {
      writeFileSync(file, Uint8Array.of(0xff))
      return 0
    },
  })
  t.is(noText.status, 1)
  t.ok(noText.err.includes('BAD_TEXT') && noText.err.includes('your text is kept in'))
  t.is(draftsOf(home).length, 2)
})

test('edit - a page that changed meanwhile is merged where one says so, and else nothing is published', async (t) => {
  const home = await worldHome(t)
  const base = await put(home, 'bees', TEXT)
  /** While the editor runs, the page is published anew. */
  const meanwhile = (theirs: string, ours: string): RunOptions => ({
    editor: (_, file) => {
      const pages = [{ path: 'bees', text: Buffer.from(TEXT.replace('one', theirs)) }]
      void home.node.run({ type: 'publish', pages, summary: 'theirs', index: true })
      writeFileSync(file, readFileSync(file, 'utf8').replace('five', ours))
      return 0
    },
  })
  const refused = await home.run(['edit', 'bees'], meanwhile('ONE', 'FIVE'))
  t.is(refused.status, 1)
  t.ok(refused.err.includes('STALE') && refused.err.includes('--merge'), refused.err)
  t.ok(refused.out.includes('-five\n+FIVE\n'), 'what would change is shown')
  t.is((await home.run(['get', 'bees'])).out, TEXT.replace('one', 'ONE'))
  t.is(draftsOf(home).length, 1, 'the text is kept')

  const no = await home.run(['publish', join(home.home, 'drafts', draftsOf(home)[0]!)], { answers: ['n'] })
  t.is(no.status, 1)
  const yes = await home.run(['publish', join(home.home, 'drafts', draftsOf(home)[0]!)], { answers: ['y'] })
  t.is(yes.status, 0, yes.err)
  t.ok(yes.out.includes('\n2 versions stored, 0 unchanged'), 'what was written, and the merge')
  t.is((await home.run(['get', 'bees'])).out, 'ONE\ntwo\nthree\nfour\nFIVE\n')
  const versions = await log(home, 'bees')
  const head = versions.find(({ isHead }) => isHead)
  t.is(head?.parents.length, 2)
  const mine = versions.find(({ id, summary }) => head?.parents.includes(id) && summary === '')
  t.alike(mine?.parents, [base], 'what was written stands in the history as it was')

  const merged = await home.run(['edit', 'bees', '--merge', '--json'], {
    editor: (_, file) => {
      const pages = [{ path: 'bees', text: Buffer.from('ONE\ntwo\nthree\nfour\nFIVE\nsix\n') }]
      void home.node.run({ type: 'publish', pages, summary: '', index: true })
      writeFileSync(file, readFileSync(file, 'utf8').replace('ONE', 'zero\nONE'))
      return 0
    },
  })
  t.is(merged.status, 0, merged.err)
  t.is((JSON.parse(merged.out) as { versions: object[] }).versions.length, 2)
  t.is((await home.run(['get', 'bees'])).out, 'zero\nONE\ntwo\nthree\nfour\nFIVE\nsix\n')
})

test('publish - a file goes on from the version that it was got from, and conflicts are decided in a file', async (t) => {
  const home = await worldHome(t)
  await put(home, 'bees', TEXT)
  const file = join(home.home, 'bees.md')
  t.is((await home.run(['get', 'bees', '--out', 'bees.md'])).status, 0)
  const theirs = await put(home, 'bees', TEXT.replace('one', 'eins'))
  writeFileSync(file, TEXT.replace('one', 'ONE'))

  const conflict = await home.run(['publish', 'bees.md', '--merge'])
  t.is(conflict.status, 1)
  t.ok(conflict.err.includes('CONFLICT') && conflict.err.includes('--fork'))
  t.is(
    conflict.out,
    '@@ conflict in line 1 @@\n<<<<<<< yours\nONE\n||||||| base\none\n=======\neins\n>>>>>>> theirs\n',
  )
  t.is((await log(home, 'bees')).length, 2, 'nothing was published')
  await home.world.advance(1_000)
  const fork = await home.run(['publish', 'bees.md', '--fork', '-q'])
  t.is(fork.status, 0, fork.err)
  const mine = fork.out.trim()

  const why = await home.run(['get', 'bees', '--why'])
  t.ok(/^why +smallest id$/m.test(why.out), why.out)
  t.ok(why.out.includes([mine, theirs].find((id) => !why.out.includes(`head       ${id}`))!))
  const forked = await home.run(['merge', 'bees'])
  t.is(forked.status, 1)
  t.ok(forked.err.includes('CONFLICT') && forked.err.includes('--out FILE'), forked.err)
  t.is((await home.run(['merge', 'bees', '--out', 'both.md'])).status, 0)
  t.ok(readFileSync(join(home.home, 'both.md'), 'utf8').startsWith('<<<<<<< yours\n'))
  const undecided = await home.run(['publish', 'both.md'])
  t.is(undecided.status, 1)
  t.ok(undecided.err.includes('CONFLICT'))
  writeFileSync(join(home.home, 'both.md'), TEXT.replace('one', 'ONE, eins'))
  const decided = await home.run(['publish', 'both.md'])
  t.is(decided.status, 0, decided.err)
  t.is((await home.run(['get', 'bees'])).out, TEXT.replace('one', 'ONE, eins'))
  const head = (await log(home, 'bees')).find(({ isHead }) => isHead)
  t.alike([...head!.parents].sort(), [mine, theirs].sort())
  t.is((await home.run(['merge', 'bees'])).out, `${home.space}/bees has no fork\n`)
})

test('publish - a file of which nothing is known goes where its name says, as ever', async (t) => {
  const home = await worldHome(t)
  await put(home, 'bees', 'one')
  writeFileSync(join(home.home, 'bees.md'), 'two')
  t.is((await home.run(['publish', 'bees.md'])).status, 0)
  t.is((await home.run(['get', 'bees'])).out, 'two')
  t.is((await home.run(['publish', 'bees.md', '--merge'])).status, 64, 'nothing to merge from')
  await home.run(['get', 'bees', '--out', 'bees.md'])
  writeFileSync(join(home.home, 'bees.md'), 'three')
  t.is((await home.run(['publish', 'bees.md', '--as', 'wasps'])).status, 0)
  t.is((await home.run(['get', 'wasps'])).out, 'three', 'another page that is named is meant')
  t.is((await home.run(['get', 'bees'])).out, 'two')
})

test('get --out - what was written into a file and not published is not written over', async (t) => {
  const home = await worldHome(t)
  await put(home, 'bees', 'one\n')
  const file = join(home.home, 'bees.md')
  t.is((await home.run(['get', 'bees', '--out', 'bees.md'])).status, 0)
  await put(home, 'bees', 'two\n')
  t.is((await home.run(['get', 'bees', '--out', 'bees.md'])).status, 0, 'nobody wrote into it')
  writeFileSync(file, 'my own words\n')
  const refused = await home.run(['get', 'bees', '--out', 'bees.md'])
  t.is(refused.status, 1)
  t.ok(refused.err.includes('ALREADY_EXISTS') && refused.err.includes('--force'), refused.err)
  t.is(readFileSync(file, 'utf8'), 'my own words\n')
  t.is((await home.run(['publish', 'bees.md'])).status, 0)
  t.is((await home.run(['get', 'bees', '--out', 'bees.md'])).status, 0, 'it is published')
  writeFileSync(file, 'more\n')
  t.is((await home.run(['get', 'bees', '--out', 'bees.md', '--force'])).status, 0)
  t.is(readFileSync(file, 'utf8'), 'my own words\n')
})

test('publish - a file that says what it was made from is no version, whatever the page says by now', async (t) => {
  const home = await worldHome(t)
  const base = await put(home, 'bees', 'one\n')
  await home.run(['get', 'bees', '--out', 'bees.md'])
  await put(home, 'bees', 'two\n')
  for (const how of [['--fork'], ['--merge'], []]) {
    const { status, out, err } = await home.run(['publish', 'bees.md', ...how])
    t.is(status, 0, err)
    t.ok(out.includes(`version ${base}\n0 pages stored, 1 unchanged`), out)
  }
  t.is((await log(home, 'bees')).length, 2)
  t.is((await home.run(['get', 'bees'])).out, 'two\n')
})

test('merge - the tips of two devices become one, and a proposal is taken up by name', async (t) => {
  const ada = await worldHome(t)
  const { world } = ada
  const twin = world.add('twin', { actor: onAnotherDevice(ada.node.actor, 'twin') })
  const laptop = await worldHome(t, world, 'twin')
  t.is(twin, laptop.node)
  await put(ada, 'bees', TEXT)
  for (const one of [ada, laptop])
    t.is((await one.run(['get', 'bees', '--fresh', '--out', 'bees.md'])).status, 0)
  for (const [one, from, to] of [
    [ada, 'one', 'ONE'],
    [laptop, 'five', 'FIVE'],
  ] as const) {
    writeFileSync(join(one.home, 'bees.md'), TEXT.replace(from, to))
    await world.advance(1_000)
    t.is((await one.run(['publish', 'bees.md', '--fork'])).status, 0)
  }
  const dry = await ada.run(['merge', 'bees', '--dry-run'])
  t.ok(dry.out.startsWith('--- '), 'shown, and not done')
  t.is((await ada.run(['merge', 'bees'])).status, 64)
  t.is((await ada.run(['merge', 'bees', '--yes'])).status, 0)
  t.is((await laptop.run(['get', 'bees', '--fresh'])).out, 'ONE\ntwo\nthree\nfour\nFIVE\n')

  const bo = await worldHome(t, world, 'bo')
  const page = `${ada.space}/bees`
  const edited = await bo.run(['edit', page, '-q'], editor('three', 'THREE'))
  t.is(edited.status, 0, edited.err)
  const proposal = edited.out.trim()
  t.is(
    (await bo.run(['get', page])).out,
    'ONE\ntwo\nthree\nfour\nFIVE\n',
    'the owner says what the page says',
  )
  const told = await ada.run(['merge', 'bees'])
  t.is(told.out, `${page} has no fork\n`)
  t.ok(told.err.includes(`proposal ${proposal} by ${bo.space}\n`))
  const taken = await ada.run(['merge', 'bees', proposal], { answers: ['y'] })
  t.is(taken.status, 0, taken.err)
  t.is((await bo.run(['get', page])).out, 'ONE\ntwo\nTHREE\nfour\nFIVE\n')
})

test('bookmark - a version is the head for oneself, and get --why says so', async (t) => {
  const home = await worldHome(t)
  const one = await put(home, 'bees', 'one')
  const two = await put(home, 'bees', 'two')
  t.is((await home.run(['bookmark', 'bees'])).status, 0)
  const made = await home.run(['bookmark', 'bees', one])
  t.ok(made.out.startsWith(`${home.space}/bees\nbookmark on ${one}: stored, held 1/1`), made.out)
  t.is((await home.run(['get', 'bees'])).out, 'one')
  const why = await home.run(['get', 'bees', '--why'])
  t.ok(/^why +own bookmark$/m.test(why.out) && why.out.includes('step  '), why.out)
  t.ok(why.out.includes(`for ${one}`) && why.out.includes(`over ${two}`), why.out)
  const json = JSON.parse((await home.run(['get', 'bees', '--why', '--json'])).out) as Record<string, unknown>
  t.alike([json.why, json.text], ['own bookmark', undefined])
  t.is((await home.run(['bookmark', 'bees', '--remove'])).status, 0)
  t.is((await home.run(['get', 'bees', '-q'])).out.trim(), two)
  t.is((await home.run(['bookmark', 'bees', '--remove'])).status, 3)
  t.is((await home.run(['bookmark', 'bees', one, '--remove'])).status, 64)
})

test('edit, redirect - a file is not opened as a text, and not replaced without asking', async (t) => {
  const home = await worldHome(t)
  writeFileSync(join(home.home, 'bee.png'), Buffer.from([0x89, 0, 0xff]))
  const published = await home.run(['publish', 'bee.png', '--as', 'bee.png'])
  t.ok(published.status === 0 || published.status === 75, published.err)
  const edited = await home.run(['edit', 'bee.png'])
  t.is(edited.status, 64)
  t.ok(edited.err.includes('--out FILE'), edited.err)
  const led = await home.run(['redirect', 'bee.png', 'garden/bees'])
  t.not(led.status, 0)
  t.is((await log(home, 'bee.png')).length, 1)
})
