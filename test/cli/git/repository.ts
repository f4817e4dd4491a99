/** Repositories made for a test, with git itself: nothing of this machine's configuration has a say. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export class Repository {
  readonly folder: string
  #timeS: number

  constructor(folder: string, branch = 'main', timeS = 1_500_000_000) {
    this.#timeS = timeS
    mkdirSync(folder, { recursive: true })
    this.folder = folder
    this.git('init', '-q', '-b', branch)
  }

  git(...args: string[]): string {
    const who = { NAME: 'Ann Author', EMAIL: 'ann@example.org', DATE: `${this.#timeS} +0000` }
    const env: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
    }
    for (const [name, value] of Object.entries(who)) {
      env[`GIT_AUTHOR_${name}`] = value
      env[`GIT_COMMITTER_${name}`] = value
    }
    const { status, stdout, stderr } = spawnSync('git', args, { cwd: this.folder, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  write(file: string, bytes: string | Uint8Array): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true })
    writeFileSync(join(this.folder, file), bytes)
  }

  /** Files with their texts, and a commit of all that changed; its name. */
  commit(message: string, files: Record<string, string> = {}): string {
    for (const [file, text] of Object.entries(files)) this.write(file, text)
    this.#timeS += 60
    this.git('add', '-A')
    this.git('commit', '-q', '--allow-empty', '-m', message)
    return this.git('rev-parse', 'HEAD').trim()
  }

  /** A merge of another branch, its files as they are given where git cannot join them. */
  merge(branch: string, files: Record<string, string> = {}): string {
    this.#timeS += 60
    try {
      this.git('merge', '-q', '--no-ff', '--no-commit', branch)
    } catch {
      // a conflict: the files say how it ends
    }
    return this.commit(`Merge ${branch}`, files)
  }
}

const LINES = ['one', 'two', 'three', 'four', 'five', 'six'].join('\n')

/** Forks, a rename on one side and an edit on the other, a merge, a deletion, a page that comes back. */
export function storyIn(folder: string): Repository {
  const repository = new Repository(folder)
  repository.commit('First pages\n\nwith more words', { 'garden/bees.md': LINES, 'index.md': '# Index\n' })
  repository.git('checkout', '-q', '-b', 'side')
  repository.commit('A line on the side', { 'garden/bees.md': `${LINES}\nside` })
  repository.git('checkout', '-q', 'main')
  repository.git('mv', 'garden/bees.md', 'garden/hive.md')
  repository.commit('Bees move')
  repository.merge('side')
  repository.git('rm', '-q', 'index.md')
  repository.commit('No index')
  repository.commit('An index again', { 'index.md': '# Again\n' })
  repository.git('checkout', '-q', '-b', 'other')
  repository.commit('Other words', { 'index.md': '# Other\n' })
  repository.git('checkout', '-q', 'main')
  repository.commit('Main words', { 'index.md': '# Main\n' })
  repository.merge('other', { 'index.md': '# Both\n' })
  return repository
}
