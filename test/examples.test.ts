// timeout: 480s
/** The pages of the manual as they stand: what they tell a reader to type is typed here. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { ControlClient } from '../src/node/io/control/client.ts'
import { pathsOf } from '../src/node/io/paths.ts'
import { tempHome } from './helpers/home.ts'
import { MAIN } from './helpers/program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MEET_WITHIN_MS = 60_000
/** The two that the page is about. */
const PEOPLE = ['ann', 'ben']

test('examples - the first steps lead from nothing to reading each other', {
  timeout: 200_000,
}, async (t) => {
  const page = readFileSync(join(ROOT, 'examples/first-steps.md'), 'utf8')
  const lines = linesOf('examples/first-steps.md')
  t.ok(lines.length > 12)

  t.alike(
    lines.slice(0, 4).map((line) => line.split(' ').slice(2, 4).join(' ')),
    ['ann invite', 'ben join', 'ben get', 'ann get'],
    'reading each other takes four commands',
  )

  const folder = tempHome(t)
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
  const run = async (line: string) => sheaf(folder, wordsOf(line))
  t.teardown(
    async () => {
      for (const person of PEOPLE)
        if (existsSync(socketOf(folder, person))) await run(`sheaf --home ${person} stop`)
    },
    { order: -1 },
  )

  const ids = new Map<string, string>()
  const printed = new Map<string, string>()
  let invite = 'INVITE'
  for (const line of lines) {
    const [, person] = /--home (\S+)/.exec(line)!
    const typed = line
      .replace('INVITE', invite)
      .replace(/@(ANN|BEN)/, (_, name: string) => `@${ids.get(name.toLowerCase())}`)
    if (/ (peers|publish) /.test(`${line} `)) await met(folder, person!)
    const { status, out, err } = await run(typed)
    t.is(status, 0, status === 0 ? line : `${line}: ${out}${err}`)
    printed.set(line, out)
    const [, pid] = /(?:running|started) as process (\d+)/.exec(out) ?? []
    if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, person!)))
    const [word] = /sheaf1[a-z2-7]{40,}/.exec(out) ?? []
    if (word !== undefined && invite !== 'INVITE') t.is(word, invite, 'the same invite as before')
    invite = word ?? invite
    const [, me] = /^You are @([a-z2-7]{52})$/m.exec(out) ?? []
    if (me !== undefined) ids.set(person!, me)
  }
  t.is(ids.size, PEOPLE.length, 'each was told who they are')

  const wiki = join(ROOT, 'examples/wiki')
  t.is(
    printed.get('sheaf --home ben get @ANN/garden/pond'),
    readFileSync(join(wiki, 'garden/pond.md'), 'utf8'),
  )
  t.is(printed.get('sheaf --home ann get @BEN/first-steps'), page)
  t.ok(printed.get('sheaf --home ben join INVITE')?.startsWith('already in the network'))
  for (const file of markdownIn(wiki)) {
    const exported = readFileSync(join(folder, 'ann-pages', file))
    t.ok(exported.equals(readFileSync(join(wiki, file))), `${file} comes out byte for byte`)
  }
})

test('examples - a folder and a git history are imported, twice, read, and go out again', {
  timeout: 200_000,
}, async (t) => {
  const lines = linesOf('examples/import.md', /^(sheaf --home |git |cp )/)
  t.ok(lines.length > 25)
  const folder = tempHome(t)
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
  const text = join(ROOT, 'examples/import.md')
  const wiki = join(ROOT, 'examples/wiki')
  const pages = markdownIn(wiki).length
  const printed = new Map<string, string>()
  t.teardown(
    async () => {
      if (existsSync(socketOf(folder, 'ann'))) await sheaf(folder, wordsOf('sheaf --home ann stop'))
    },
    { order: -1 },
  )
  for (const line of lines) {
    if (!line.startsWith('sheaf ')) {
      printed.set(line, await shell(folder, line))
      continue
    }
    const { status, out, err } = await sheaf(folder, wordsOf(line))
    const [, pid] = /started as process (\d+)/.exec(out) ?? []
    if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, 'ann')))
    t.is(status, line.includes('--wait 0') ? 75 : 0, `${line}: ${err}`)
    const words = line.split(' ').slice(3).join(' ')
    printed.set(printed.has(words) ? `${words} again` : words, out)
  }
  t.is(printed.get('import old-wiki --dry-run'), `${pages} pages would be imported, 0 skipped\n`)
  t.is(printed.get('import old-wiki --prefix archive --wait 0'), `${pages} pages stored, 0 unchanged\n`)
  const again = JSON.parse(printed.get('import old-wiki --prefix archive --wait 0 --json')!)
  t.is((again as { unchanged: number }).unchanged, pages)
  t.ok(readFileSync(join(folder, 'notes.txt')).equals(readFileSync(text)), 'an attachment as it was')
  t.is(printed.get('get archive/notes.txt --range 0-20'), '# Importing a folder\n\n'.slice(0, 21))
  t.is(printed.get('get archive/bees/swarming'), readFileSync(join(wiki, 'bees/swarming.md'), 'utf8'))

  const git = 'import notes --git --prefix garden --attachments'
  t.is(printed.get(`${git} --dry-run`), '6 versions of 2 commits would be imported\n')
  t.is(printed.get(`${git} --wait 0`), '6 versions of 2 commits stored, 0 unchanged\n')
  const twice = JSON.parse(printed.get(`${git} --wait 0 --json`)!) as { stored: number; unchanged: number }
  t.alike([twice.stored, twice.unchanged], [0, 6])
  t.ok(printed.get('log garden/water')?.includes('A pond (Ann, git '), 'a rename keeps what was before')
  const exported = printed.get('export @me history.git --history')!
  const [, written] = /^(\d+) versions written, 0 unchanged: git log in history.git\n$/.exec(exported) ?? []
  t.is(Number(written), pages + 2 + 6, 'a folder, two attachments, and a history')
  t.is(printed.get('export @me history.git --history again'), `0 versions written, ${written} unchanged\n`)
  t.is(
    printed.get('git -C history.git show main:garden/water.md'),
    readFileSync(join(wiki, 'garden/pond.md'), 'utf8'),
  )
  const log = printed.get('git -C history.git log --format=%s main -- garden/water.md garden/pond.md')!
  t.ok(/^It is all water \(Ann, git [0-9a-f]{40}\)$/m.test(log), log)
})

test('examples - a node is operated, backed up and restored', { timeout: 200_000 }, async (t) => {
  const lines = linesOf('examples/operating.md')
  t.ok(lines.length > 20)
  const folder = tempHome(t)
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
  t.teardown(
    async () => {
      for (const home of ['ann', 'again'])
        if (existsSync(socketOf(folder, home))) await sheaf(folder, wordsOf(`sheaf --home ${home} stop`))
    },
    { order: -1 },
  )
  const printed = new Map<string, string>()
  for (const line of lines) {
    const [, home] = /--home (\S+)/.exec(line)!
    const { status, out, err } = await sheaf(folder, wordsOf(line))
    const [, pid] = /(?:running|started) as process (\d+)/.exec(out) ?? []
    if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, home!)))
    const expected = line.includes('--wait 0') ? 75 : 0
    t.is(status, expected, status === expected ? line : `${line}: ${out}${err}`)
    printed.set(line.split(' ').slice(2).join(' '), out)
  }
  t.is(printed.get('ann config get log_level'), 'debug\n')
  t.ok(printed.get('ann deny')?.includes('a court said so'))
  t.ok(printed.get('again block')?.includes('floods us'), 'the rules come back with the rest')
  t.is(printed.get('again get garden/pond'), readFileSync(join(ROOT, 'examples/wiki/garden/pond.md'), 'utf8'))
})

for (const page of ['editing', 'merging']) {
  test(`examples - ${page} leads from one version to the next`, { timeout: 200_000 }, async (t) => {
    const folder = tempHome(t)
    symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
    t.teardown(
      async () => {
        for (const person of PEOPLE)
          if (existsSync(socketOf(folder, person)))
            await sheaf(folder, wordsOf(`sheaf --home ${person} stop`))
      },
      { order: -1 },
    )
    const words = new Map<string, string>()
    let editor = ''
    let lines = 0
    for (const typed of linesOf(`examples/${page}.md`, /^(sheaf --home |export EDITOR=|sed -i )/)) {
      const [line, status = '0'] = typed.split(/ +# ends with (\d+).*/) as [string, string?]
      if (line.startsWith('export ')) {
        editor = /^export EDITOR="(.*)"$/.exec(line)![1]!
        continue
      }
      if (line.startsWith('sed ')) {
        await shell(folder, line)
        continue
      }
      const [, person] = /--home (\S+)/.exec(line)!
      if (/ edit /.test(line)) await met(folder, person!)
      const whole = line.replace(/\b(INVITE|ANN|FIRST|PROPOSAL)\b/g, (name) => words.get(name) ?? name)
      const ran = await sheaf(folder, wordsOf(whole), { EDITOR: editor, VISUAL: '' })
      t.is(`${ran.status}`, status, `${line}: ${ran.status === Number(status) ? '' : ran.out + ran.err}`)
      lines += 1
      const [, pid] = /(?:running|started) as process (\d+)/.exec(ran.out) ?? []
      if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, person!)))
      const [invite] = /sheaf1[a-z2-7]{40,}/.exec(ran.out) ?? []
      if (invite !== undefined) words.set('INVITE', invite)
      const [, me] = /^You are @([a-z2-7]{52})$/m.exec(ran.out) ?? []
      if (me !== undefined) words.set(person!.toUpperCase(), me)
      const [, version] = /^version (\w{52})$/m.exec(ran.out) ?? []
      if (version !== undefined && !words.has('FIRST')) words.set('FIRST', version)
      if (version !== undefined && person === 'ben') words.set('PROPOSAL', version)
    }
    t.ok(lines > 15)
  })
}

test('examples - pages are followed, and what is new is printed as it comes', {
  timeout: 200_000,
}, async (t) => {
  const lines = linesOf('examples/following.md')
  t.ok(lines.length > 8)
  const folder = tempHome(t)
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
  t.teardown(
    async () => {
      if (existsSync(socketOf(folder, 'ann'))) await sheaf(folder, wordsOf('sheaf --home ann stop'))
    },
    { order: -1 },
  )
  let watching: ReturnType<typeof sheaf> | undefined
  const printed: string[] = []
  for (const line of lines) {
    if (line.includes('--watch')) {
      await new Promise<void>((resolve) => {
        watching = sheaf(folder, wordsOf(line), {}, (err) => err.includes('watching') && resolve())
      })
      continue
    }
    const { status, out, err } = await sheaf(folder, wordsOf(line))
    const [, pid] = /(?:running|started) as process (\d+)/.exec(out) ?? []
    if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, 'ann')))
    const expected = line.includes('--wait 0') ? 75 : 0
    t.is(status, expected, status === expected ? line : `${line}: ${out}${err}`)
    printed.push(out)
    if (line.endsWith('"Another pond"')) {
      const news = await watching!
      t.is(news.status, 0, news.err)
      t.ok(
        /^@\w{52}\/garden\/pond {2}\w{52} {2}head {2}by @\w{52} {2}Another pond\n$/.test(news.out),
        news.out,
      )
    }
  }
  t.ok(printed.some((out) => /^@\w{52}\/garden\/pond is followed from now on\n/.test(out)))
  t.is(printed.at(-2)?.replace(/^@\w{52}/, '@ANN'), '@ANN is followed no more\n')
})

test('examples - a key is replaced, and an identity comes back from its words', {
  timeout: 200_000,
}, async (t) => {
  const lines = linesOf('examples/identity.md')
  t.ok(lines.length > 8)
  const folder = tempHome(t)
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
  t.teardown(
    async () => {
      for (const home of ['ann', 'ben', 'new'])
        if (existsSync(socketOf(folder, home))) await sheaf(folder, wordsOf(`sheaf --home ${home} stop`))
    },
    { order: -1 },
  )
  let invite = 'INVITE'
  let ann = 'ANN'
  const printed = new Map<string, string>()
  for (const line of lines) {
    const [, home] = /--home (\S+)/.exec(line)!
    const typed = line.replace('INVITE', invite).replace('@ANN', `@${ann}`)
    const { status, out, err } = await sheaf(folder, wordsOf(typed))
    const [, pid] = /(?:running|started) as process (\d+)/.exec(out) ?? []
    if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, home!)))
    t.is(status, 0, status === 0 ? line : `${line}: ${out}${err}`)
    printed.set(line.split(' ').slice(2).join(' '), out)
    if (home === 'ann') {
      invite = /sheaf1[a-z2-7]{40,}/.exec(out)?.[0] ?? invite
      ann = /^You are @([a-z2-7]{52})$/m.exec(out)?.[1] ?? ann
      // The 24 words stand four to a line, each behind its number.
      const rows = out.split('\n').filter((row) => /^( +\d+ [a-z]+){4}$/.test(row))
      const words = rows.flatMap((row) => row.match(/[a-z]+/g) ?? [])
      if (words.length === 24) writeFileSync(join(folder, 'words.txt'), words.join(' '))
    }
  }
  t.ok(printed.get('new id')?.includes(`entity   @${ann}\n`), 'the name is the same')
  t.ok(printed.get('new id')?.includes('key      2, rotated '), 'the lost machine has the key before')
  t.is(printed.get('new get @me/pond'), readFileSync(join(ROOT, 'examples/wiki/garden/pond.md'), 'utf8'))
})

test('examples - a second machine is let in, writes, says what it has, and is revoked', {
  timeout: 200_000,
}, async (t) => {
  const lines = linesOf('examples/devices.md')
  t.ok(lines.length > 12)
  const folder = tempHome(t)
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
  const passphrase = join(folder, 'passphrase.txt')
  writeFileSync(passphrase, 'correct horse\n', { mode: 0o600 })
  const machines = ['desk', 'laptop']
  t.teardown(
    async () => {
      for (const home of machines)
        if (existsSync(socketOf(folder, home))) await sheaf(folder, wordsOf(`sheaf --home ${home} stop`))
    },
    { order: -1 },
  )
  const words = new Map<string, string>()
  const printed: string[] = []
  for (const line of lines) {
    const [, home] = /--home (\S+)/.exec(line)!
    if (line.includes('laptop publish')) for (const one of machines) await met(folder, one)
    const typed = line.replace(/\b(INVITE|REQUEST|GRANT|LAPTOP)\b/g, (name) => words.get(name) ?? name)
    const env = home === 'laptop' ? { SHEAF_PASSPHRASE_FILE: passphrase } : {}
    const { status, out, err } = await sheaf(folder, wordsOf(typed), env)
    const [, pid] = /(?:running|started) as process (\d+)/.exec(out) ?? []
    if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, home!)))
    const expected = line.includes('--wait 0') ? 75 : 0
    t.is(status, expected, status === expected ? line : `${line}: ${out}${err}`)
    printed.push(out)
    for (const [name, form] of [
      ['INVITE', /sheaf1[a-z2-7]{40,}/],
      ['REQUEST', /sheaf-device-\S+/],
      ['GRANT', /sheaf-grant-\S+/],
      ['LAPTOP', /(?<=This machine is )[a-z2-7]{52}/],
    ] as const) {
      const [word] = form.exec(out) ?? []
      if (word !== undefined && !words.has(name)) words.set(name, word)
    }
  }
  const of = (line: string): string => printed[lines.indexOf(line)]!
  const laptop = words.get('LAPTOP')!
  t.is(
    of('sheaf --home desk get garden/steps --fresh'),
    readFileSync(join(ROOT, 'examples/first-steps.md'), 'utf8'),
  )
  t.ok(new RegExp(`^${laptop} .*\\d+ objects, [0-9.]+ KiB on `, 'm').test(of('sheaf --home desk had')))
  const lists = printed.filter((_, i) => lines[i]!.endsWith('id device list'))
  t.alike(
    lists.map((list) =>
      list
        .split('\n')
        .find((row) => row.startsWith(laptop))
        ?.includes('revoked'),
    ),
    [false, true],
  )
  t.absent(readFileSync(join(folder, 'laptop/identity.json'), 'utf8').includes('entitySecret'))
})

test('examples - pages are found by their words and links', { timeout: 200_000 }, async (t) => {
  const lines = linesOf('examples/searching.md')
  t.ok(lines.length > 8)
  const folder = tempHome(t)
  symlinkSync(join(ROOT, 'examples'), join(folder, 'examples'))
  t.teardown(
    async () => {
      if (existsSync(socketOf(folder, 'ann'))) await sheaf(folder, wordsOf('sheaf --home ann stop'))
    },
    { order: -1 },
  )
  const printed = new Map<string, string>()
  for (const line of lines) {
    const { status, out, err } = await sheaf(folder, wordsOf(line))
    const [, pid] = /(?:running|started) as process (\d+)/.exec(out) ?? []
    if (pid !== undefined) process.once('exit', () => endLeftover(Number(pid), socketOf(folder, 'ann')))
    t.is(status, line.includes('--wait 0') ? 75 : 0, `${line}: ${err}`)
    printed.set(line.split(' ').slice(3).join(' '), out)
  }
  t.ok(printed.get('search bees in winter --local')?.includes('/bees/'))
  t.ok(printed.get('search --limit 3 --space @me varroa')?.includes('/bees/varroa'))
  const found = printed.get('search honey --json')!.trimEnd().split('\n')
  t.is((JSON.parse(found.at(-1)!) as { type: string }).type, 'done')
  t.ok(printed.get('backlinks "garden/wild bees"')?.includes('/garden/soil'))
  t.ok(printed.get('links garden/soil')?.includes('garden/forage'))
})

/** What a page tells a reader to type, of `sheaf` or what else it should be. */
function linesOf(page: string, wanted = /^sheaf --home /): string[] {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block]) => block!.trim().split('\n'))
    .filter((line) => wanted.test(line))
}

/** A daemon that the page started is in no group of ours: where the test breaks off before its teardown, it is ended here. */
function endLeftover(pid: number, socket: string): void {
  // One that stopped has taken its socket away, and its number may be another's by now.
  if (!existsSync(socket)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended, as it should.
  }
}

/** Waits until this node knows a peer that is connected now. */
async function met(folder: string, person: string): Promise<void> {
  const client = new ControlClient({ socketPath: socketOf(folder, person), deadlineMs: MEET_WITHIN_MS })
  let connected = 0
  for await (const event of client.stream('/v1/events') as AsyncIterable<{ type: string }>) {
    if (event.type === 'disconnected') connected -= 1
    if (event.type === 'introduced') connected += 1
    const { peersAcceptingStores } = await client.ask<{ peersAcceptingStores: number }>('/v1/status')
    if (connected > 0 && peersAcceptingStores > 0) return
  }
}

function socketOf(folder: string, person: string): string {
  return pathsOf(person, {}, folder).socket
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!).slice(1)
}

/** What a line prints. Of git's configuration on this machine nothing has a say. */
async function shell(cwd: string, line: string): Promise<string> {
  const env = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  const child = spawn('/bin/sh', ['-c', line], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`${line} ends with ${status}`)
  return out
}

function sheaf(
  cwd: string,
  args: string[],
  env: Record<string, string> = {},
  onErr: (err: string) => void = () => {},
): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text
      onErr(err)
    })
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, out, err }))
  })
}

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
}
