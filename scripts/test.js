/**
 * `npm test`: type check, Biome, and every `test/**\/*.test.ts` in a process of its own.
 *
 *     node scripts/test.js [--root=DIR] [--timeout=SECONDS] [FILTER…]
 *
 * With filters only the files run whose path contains one of them, and the two checks are left
 * out. `SEED=… npm test` repeats a run. The last line is `N passed, N failed`: tests, where a
 * failed check, and a file that fails without a failing test, count as one failure each.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
/** Two, because the smallest machine that must do has two cores, and some tests watch deadlines. */
const JOBS_AT_ONCE = 2
const TIMEOUT_SECONDS = 120
/** A test is told so much sooner than its file that the report names the test that hangs. */
const TEST_TIMEOUT_SHARE = 0.9
/** Where a file may say `// timeout: 240s`. */
const HEADER_LINES = 5
/** Of a file's output the end is kept: there the summary stands. */
const OUTPUT_CHARS_MAX = 1 << 20
const SEED_MAX = 0x7fffffff
/** brittle points at a column of the compiled file, where all code stands in the first line. */
const POINTER = /^ *-{120,}\^$/

const running = new Set()
let temporary

process.exitCode = await main(process.argv.slice(2))

/** @param {string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  const options = readOptions(args)
  if (typeof options === 'string') {
    console.error(`test: ${options}`)
    return 2
  }
  const files = findTests(options.root, options.filters)
  if (files.length === 0) {
    console.error('test: no test file matches')
    console.log('0 passed, 1 failed')
    return 1
  }
  console.log(`SEED=${options.seed}, ${files.length} test files`)
  temporary = mkdtempSync(join(tmpdir(), 'sheaf-test-'))
  process.once('exit', leaveNothingBehind)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

  const checks = options.filters.length > 0 ? [] : checksOf(options)
  const results = await runAll([...checks, ...files.map((file) => testJob(file, options))], options)
  return summarise(results, options)
}

function readOptions(args) {
  const options = { root: PROJECT, timeoutSeconds: TIMEOUT_SECONDS, filters: [], seed: 0 }
  for (const arg of args) {
    if (arg.startsWith('--root=')) options.root = resolve(arg.slice('--root='.length))
    else if (/^--timeout=\d+$/.test(arg)) options.timeoutSeconds = Number(arg.slice('--timeout='.length))
    else if (arg.startsWith('-')) return `unknown option ${arg}`
    else options.filters.push(arg)
  }
  const given = process.env.SEED
  if (given !== undefined && !(/^\d{1,10}$/.test(given) && Number(given) <= SEED_MAX)) {
    return `SEED must be an integer from 0 to ${SEED_MAX}, not ${given}`
  }
  options.seed = given === undefined ? Math.floor(Math.random() * SEED_MAX) : Number(given)
  return options
}

function findTests(root, filters) {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((name) => join('test', name))
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort()
}

/** The two checks, as jobs that pass when the program ends with 0. */
function checksOf({ root, timeoutSeconds }) {
  const passes = ({ code }) => ({
    passed: 0,
    failed: code === 0 ? 0 : 1,
    reason: code === 0 ? undefined : `exit code ${code}`,
  })
  const compiler = join(packageDirectory('typescript'), 'bin', 'tsc')
  const biome = join(packageDirectory('@biomejs/biome'), 'bin', 'biome')
  return [
    { name: 'type check', args: [compiler, '--noEmit', '-p', root], timeoutSeconds, judge: passes },
    { name: 'biome', args: [biome, 'check', '.'], timeoutSeconds, judge: passes },
  ]
}

function testJob(file, { root, timeoutSeconds }) {
  const header = readFileSync(join(root, file), 'utf8').split('\n', HEADER_LINES)
  const stated = header.map((line) => /^\/\/ timeout: (\d+)s$/.exec(line)?.[1]).find(Boolean)
  const fileSeconds = stated === undefined ? timeoutSeconds : Number(stated)
  const testMs = Math.floor(fileSeconds * 1000 * TEST_TIMEOUT_SHARE)
  const brittle = join(packageDirectory('brittle'), 'brittle-node.js')
  const args = ['--import', import.meta.resolve('tsx'), brittle, '--timeout', String(testMs), file]
  return { name: file, args, timeoutSeconds: fileSeconds, judge: judgeTap }
}

function packageDirectory(name) {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
}

/**
 * Counts the top-level tests of a TAP report, where a directive in capitals at the end of a line
 * means that the test did not run. What brittle leaves unsaid when it dies is a failure here.
 */
function judgeTap({ code, output, timedOut }) {
  const lines = output.split('\n')
  const passed = lines.filter((line) => /^ok \d+ - (?!.*# [A-Z]{4}$)/.test(line)).length
  const skipped = lines.filter((line) => /^ok \d+ - .*# [A-Z]{4}$/.test(line)).length
  const failed = lines.filter((line) => /^not ok \d+ - /.test(line)).length
  const reason = timedOut
    ? 'timed out'
    : failed > 0
      ? `${failed} of ${failed + passed} tests`
      : passed + skipped === 0
        ? `no tests (exit code ${code})`
        : !lines.includes('# ok')
          ? `no "# ok" (exit code ${code})`
          : code === 0
            ? undefined
            : `exit code ${code}`
  return { passed, skipped, failed: Math.max(failed, reason === undefined ? 0 : 1), reason }
}

async function runAll(jobs, options) {
  const waiting = [...jobs]
  const results = []
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const result = await run(job, options)
      report(result, options)
      results.push(result)
    }
  }
  await Promise.all(Array.from({ length: JOBS_AT_ONCE }, worker))
  return results
}

/** Runs one job as the leader of a process group, and ends the whole group with it. */
function run(job, { root, seed }) {
  return new Promise((done) => {
    const startedMs = performance.now()
    const child = spawn(process.execPath, job.args, {
      cwd: root,
      env: {
        ...process.env,
        SEED: String(seed),
        TMPDIR: temporary,
        FORCE_COLOR: '0',
        SHEAF_REHEARSE: 'false',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    running.add(child.pid)
    let output = ''
    const keep = (text) => {
      output = (output + text).slice(-OUTPUT_CHARS_MAX)
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)

    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      endGroup(child.pid)
    }, job.timeoutSeconds * 1000)
    child.on('error', (error) => keep(`${error.message}\n`))
    // A process that the test started and forgot holds the pipes open: without it 'close' would wait.
    child.on('exit', () => endGroup(child.pid))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      running.delete(child.pid)
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      const verdict = job.judge({ code: code ?? signal, output, timedOut })
      done({ job, output, seconds, ...verdict })
    })
  })
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // the group is gone, which is what was wanted
  }
}

function leaveNothingBehind() {
  for (const pid of running) endGroup(pid)
  rmSync(temporary, { recursive: true, force: true })
}

function report({ job, output, seconds, passed, skipped, reason }, { seed }) {
  if (reason === undefined) {
    const tests =
      job.judge === judgeTap ? `${passed} tests${skipped > 0 ? `, ${skipped} skipped` : ''}, ` : ''
    console.log(`ok    ${job.name} (${tests}${seconds} s)`)
    return
  }
  console.log(`FAIL  ${job.name} (${seconds} s): ${reason}`)
  const lines = output
    .trimEnd()
    .split('\n')
    .filter((line) => !POINTER.test(line))
  console.log(lines.map((line) => `      | ${line}`).join('\n'))
  if (job.judge === judgeTap) console.log(`      again: SEED=${seed} npm test -- ${job.name}`)
}

function summarise(results, { seed }) {
  const failures = results.filter((result) => result.reason !== undefined)
  if (failures.length > 0) {
    console.log(`\nSEED=${seed}, failed:`)
    for (const { job, reason } of failures) console.log(`  ${job.name}: ${reason}`)
  }
  const sum = (field) => results.reduce((total, result) => total + result[field], 0)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  return failures.length === 0 ? 0 : 1
}
