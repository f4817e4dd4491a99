/** What a command that only asks the daemon loads: every one of them waits for it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'

const CLI = fileURLToPath(new URL('../../src/cli/', import.meta.url))
/** `import … from 'x'`, `export … from 'x'` and `import 'x'` of values; a type is gone when the program runs. */
const STATIC = /^(?:import|export)(?! type\b)\s+(?:[\w*{][^'"()]*?\sfrom\s+)?'([^']+)'/gm

/** Every file of ours, and the name of every package, that a module loads before its first line runs. */
function loadedBy(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen
  seen.add(entry)
  for (const [, name = ''] of readFileSync(entry, 'utf8').matchAll(STATIC)) {
    if (name.startsWith('.')) loadedBy(join(dirname(entry), name), seen)
    else seen.add(name)
  }
  return seen
}

for (const command of ['status', 'get', 'log', 'list', 'where', 'peers']) {
  test(`sheaf ${command} - loads commander and little else`, (t) => {
    const loaded = loadedBy(join(CLI, 'main.ts'))
    for (const one of loadedBy(join(CLI, `${command}.ts`))) loaded.add(one)
    const packages = [...loaded].filter((one) => !one.startsWith('/') && !one.startsWith('node:'))
    t.alike(packages, ['commander'])
    t.absent(loaded.has('node:crypto'), 'which takes longer to load than the daemon to answer')
    const files = [...loaded].filter((one) => one.startsWith('/'))
    t.ok(files.every((file) => existsSync(file)))
    t.ok(files.length >= 8 && files.length <= 20, `${files.length} files of ours`)
  })
}
