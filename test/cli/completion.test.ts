/** Completion and manual page: every command and every option is in them, and a real shell takes them. */
import { execFileSync, spawnSync } from 'node:child_process'
import test from 'brittle'
import { fakeHome } from './fake-shell.ts'

/** The commands and their long options, as their own help tells. */
async function told(home: ReturnType<typeof fakeHome>): Promise<Map<string, string[]>> {
  const { out } = await home.run([])
  const names = [...out.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name]) => name!)
  const all = new Map<string, string[]>()
  for (const name of names) {
    const help = (await home.run([name, '--help'])).out
    const own = help.split('Global Options')[0]!
    all.set(name, [
      ...new Set([...own.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option!)),
    ])
  }
  return all
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0

/** What bash offers for a line, its cursor at the end. */
function offered(script: string, words: readonly string[]): string[] {
  const program = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_sheaf; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p sheaf >&2`
  return execFileSync('bash', ['--norc', '-c', program], {
    encoding: 'utf8',
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
    .trim()
    .split('\n')
}

test('completion - every command and every option is in all three scripts and in the manual page', async (t) => {
  const home = fakeHome(t)
  const commands = await told(home)
  t.ok(commands.size > 20 && commands.has('deny'))
  const page = (await home.run(['man'])).out.replaceAll('\\-', '-')
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, out } = await home.run(['completion', shell])
    t.is(status, 0)
    const missing: string[] = []
    for (const [name, options] of commands) {
      const lines = out.split('\n').filter((line) => new RegExp(`(^ *|from )${name}\\b`).test(line))
      const said = shell === 'fish' ? lines.join('\n').replace(/-l ([a-z-]+)/g, '--$1') : lines.join('\n')
      for (const option of options)
        if (!new RegExp(`${option}\\b`).test(said)) missing.push(`${name} ${option}`)
    }
    t.alike(missing, [], shell)
  }
  const missing = [...commands].flatMap(([name, options]) => {
    const start = page.indexOf(`.SS sheaf ${name}`)
    const section = page.slice(start, page.indexOf('.S', start + 3))
    return [...(start < 0 ? [name] : []), ...options.filter((option) => !section.includes(option))]
  })
  t.alike(missing, [], 'the manual page')
  t.is((await home.run(['completion', 'csh'])).status, 64)
})

test('completion - bash offers commands, options, and the words of a choice', async (t) => {
  if (!has('bash')) return t.comment('no bash here')
  const script = (await fakeHome(t).run(['completion', 'bash'])).out
  t.alike(offered(script, ['sheaf', 'sta']), ['start', 'status'])
  t.ok(offered(script, ['sheaf', '']).includes('deny'))
  t.ok(offered(script, ['sheaf', '--home', '/tmp', 'un']).includes('unblock'))
  t.alike(offered(script, ['sheaf', 'start', '--dae']), ['--daemon'])
  t.alike(offered(script, ['sheaf', '--home', '/tmp', 'start', '--crypto', 'no']), ['noble'])
  t.alike(offered(script, ['sheaf', 'config', 'v']), ['validate', 'var'])
  t.alike(offered(script, ['sheaf', 'publish', '/et']), ['/etc'])
})

test('man - the page is roff without a line that would be taken for a request', async (t) => {
  const { out } = await fakeHome(t).run(['man'])
  const requests = new Set(
    out.split('\n').flatMap((line) => (/^[.']/.test(line) ? [line.split(' ')[0]!] : [])),
  )
  t.alike([...requests].sort(), ['.B', '.I', '.PP', '.SH', '.SS', '.TH', '.TP', '.fi', '.nf'])
  t.ok(out.endsWith('\n'))
  if (!has('groff')) return t.comment('no groff here')
  const { stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: out, encoding: 'utf8' })
  t.is(stderr, '')
})
