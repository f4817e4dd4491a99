/**
 * The program as two files of CommonJS, `light.cjs` and `node.cjs`, instead of hundreds: finding, reading
 * and compiling modules one by one took most of the time to the first page. CommonJS, because Node 20 keeps compiled code
 * (see `open.cjs`) of nothing else.
 *
 *     dist/cli/main.js … one small file for each entry ─► open.cjs ─► light.cjs   what a command that only asks the daemon loads
 *                                                              └────► node.cjs    everything else, and the packages
 *                                                              └────► NAME-worker.cjs   a thread, whole
 *
 * A module is in one of the two only, and is evaluated when it is first asked for; what the other part has is asked
 * for through `open.cjs`.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, sep } from 'node:path'

/** What is loaded from outside: the library, the program, the threads. Those that are there are built. */
const ENTRIES = [
  'index.ts',
  'cli/main.ts',
  'node/io/check-worker.ts',
  'node/io/render-worker.ts',
  'node/io/search-worker.ts',
  'node/io/solve-worker.ts',
]
/** A thread shares nothing, so it has a file of its own with what it needs: the others would take ten times the memory. */
const THREAD = /-worker\.ts$/
/** The way into the light part; a command is light whose modules need no other package than these. */
const PROGRAM = 'cli/main.ts'
const LIGHT_PACKAGES = new Set(['commander'])
/** Have machine code, which is found from where they lie. */
const NATIVE = [
  'classic-level',
  'fs-native-extensions',
  'quickbit-native',
  'rocksdb-native',
  'simdle-native',
  'sodium-native',
  'udx-native',
]
const BUNDLED = 'bundled'
const TARGET = 'node20'
export const PARTS = ['light', 'node']
/** As `open.cjs` expects it, in the place of which the real one comes: as long, so that the maps stay right. */
const markOf = (hash) => `/* ${hash} */`
const NO_MARK = markOf('0'.repeat(64))

/**
 * Writes parts, maps, entries and the licences of what is in the parts into `building`, which lies in `dist`.
 * @param {string} root @param {string} building @returns {Promise<void>} rejects where esbuild does not take the sources; it has said why
 */
export async function bundle(root, building) {
  const { build } = await import(createRequire(join(root, 'package.json')).resolve('esbuild'))
  const source = join(root, 'src')
  const entries = ENTRIES.filter((entry) => existsSync(join(source, entry)))
  const { graph, exportsOf } = await readGraph(build, root, entries)
  const light = lightModules(graph)
  /** What is asked for from outside of each part: the entries, and what the other part needs. */
  const asked = { light: new Set(), node: new Set() }
  const partOf = (module) => (light.has(module) ? 'light' : 'node')
  for (const entry of entries) if (!THREAD.test(entry)) asked[partOf(entry)].add(entry)
  const packages = new Set()
  const make = async (what) => {
    const { metafile } = await build(optionsOf({ root, source, building, asked, ...what }))
    for (const input of Object.keys(metafile.inputs)) {
      const folder = packageOf(input)
      if (folder !== undefined) packages.add(folder)
    }
  }
  // The last one asks the first for nothing more than it asked for itself: a part is built until that is so.
  for (let before = -1; before !== asked.light.size + asked.node.size; ) {
    before = asked.light.size + asked.node.size
    for (const part of PARTS) {
      const modules = [...asked[part]].sort()
      await make({ part, modules, partOf })
    }
  }
  const partOfEntry = (entry) => (THREAD.test(entry) ? basename(entry, '.ts') : partOf(entry))
  for (const entry of entries.filter((one) => THREAD.test(one))) {
    const part = partOfEntry(entry)
    await make({ part, modules: [entry], partOf: () => part })
  }
  for (const part of new Set([...PARTS, ...entries.map(partOfEntry)]))
    markBuild(join(building, `${part}.cjs`))
  for (const entry of entries) writeEntry(building, entry, partOfEntry(entry), exportsOf.get(entry))
  writeLicences(root, building, [...packages].sort())
}

/** Which module imports which, as paths below `src`, and what the entries export. */
async function readGraph(build, root, entries) {
  const source = join(root, 'src')
  const { metafile } = await build({
    absWorkingDir: source,
    entryPoints: entries,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    target: TARGET,
    outdir: join(root, 'dist'),
    write: false,
    metafile: true,
  })
  const exportsOf = new Map()
  for (const { entryPoint, exports } of Object.values(metafile.outputs)) {
    if (entryPoint !== undefined) exportsOf.set(entryPoint, exports)
  }
  return {
    graph: new Map(Object.entries(metafile.inputs).map(([module, { imports }]) => [module, imports])),
    exportsOf,
  }
}

/** The modules of the program and of its light commands. */
function lightModules(graph) {
  const program = closureOf(graph, PROGRAM)
  const light = new Set(program)
  for (const module of program) {
    for (const { path, kind } of graph.get(module) ?? []) {
      const command = closureOf(graph, path)
      if (kind === 'dynamic-import' && isLight(graph, command)) for (const one of command) light.add(one)
    }
  }
  return light
}

/** What a module loads before its first line runs. */
function closureOf(graph, module, seen = new Set()) {
  if (seen.has(module) || !graph.has(module)) return seen
  seen.add(module)
  for (const { path, kind } of graph.get(module)) if (kind !== 'dynamic-import') closureOf(graph, path, seen)
  return seen
}

function isLight(graph, modules) {
  return [...modules].every((module) =>
    graph
      .get(module)
      .every(
        ({ path, kind, external }) =>
          !external || kind === 'dynamic-import' || path.startsWith('node:') || LIGHT_PACKAGES.has(path),
      ),
  )
}

function optionsOf({ root, source, building, part, modules, partOf, asked }) {
  return {
    absWorkingDir: root,
    stdin: { contents: doors(modules), resolveDir: source, sourcefile: `${part}.js` },
    outfile: join(building, `${part}.cjs`),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: TARGET,
    // A part is no module to Node: what it imports as it runs, it requires.
    supported: { 'dynamic-import': false },
    charset: 'ascii',
    legalComments: 'none',
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error' },
    banner: {
      js: `${NO_MARK} (function ($bundle, exports, require, module, __filename, __dirname) { 'use strict'`,
    },
    footer: { js: '})' },
    plugins: [otherParts({ source, part, partOf, asked }), placesOf(source), nativePackages(root)],
  }
}

/** Each module that is asked for from outside, by its path. */
function doors(modules) {
  const each = modules.map((module) => {
    const path = LIGHT_PACKAGES.has(module) ? module : `./${module}`
    return `  ${JSON.stringify(module)}: () => require(${JSON.stringify(path)}),\n`
  })
  return `module.exports = {\n${each.join('')}}\n`
}

/** What another part has is asked for there. */
function otherParts({ source, part, partOf, asked }) {
  return {
    name: 'other-parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[^./]/ }, ({ path }) => {
        if (part === 'light' || !LIGHT_PACKAGES.has(path)) return undefined
        asked.light.add(path)
        return { path, namespace: 'light' }
      })
      onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, importer, resolveDir }) => {
        if (!importer.startsWith(source + sep)) return undefined
        const module = relative(source, join(resolveDir, path)).replaceAll(sep, '/')
        const other = partOf(module)
        if (other === part) return undefined
        asked[other].add(module)
        return { path: module, namespace: other }
      })
      onLoad({ filter: /.*/, namespace: PARTS.find((other) => other !== part) }, ({ path, namespace }) => ({
        contents: `module.exports = $bundle.open(${JSON.stringify(namespace)}, ${JSON.stringify(path)})`,
        resolveDir: source,
      }))
    },
  }
}

/** Where a module of ours is told that it lies: in `dist`, where its entry or its folder is. */
function placesOf(source) {
  return {
    name: 'places',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/, namespace: 'file' }, ({ path }) => {
        const text = readFileSync(path, 'utf8')
        if (!path.startsWith(source + sep) || !text.includes('import.meta.url')) return undefined
        const built = relative(source, path).replaceAll(sep, '/').replace(/ts$/, 'js')
        const place = `$bundle.urlOf(${JSON.stringify(built)})`
        return {
          contents: text.replaceAll('import.meta.url', place),
          loader: 'ts',
          resolveDir: dirname(path),
        }
      })
    },
  }
}

/**
 * A native package is found where whoever needs it finds it: that is not always beside us. Its JavaScript fits the
 * machine code of its own version alone, so the one in the part is used where that version is found, else its own.
 */
function nativePackages(root) {
  const known = new Map()
  const nativeOf = (name) => {
    if (!known.has(name)) {
      const { way, folder } = wayTo(root, name)
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      known.set(name, { way, folder: realpathSync(folder), version })
    }
    return known.get(name)
  }
  return {
    name: 'native-packages',
    setup({ onResolve, onLoad }) {
      const filter = new RegExp(`^(${NATIVE.join('|')})$`)
      onResolve({ filter }, ({ path, pluginData }) =>
        pluginData === BUNDLED ? undefined : { path, namespace: 'native' },
      )
      onLoad({ filter: /.*/, namespace: 'native' }, ({ path }) => {
        const { way, version } = nativeOf(path)
        const asked = JSON.stringify([...way, path])
        return {
          contents: `const native = $bundle.native(${asked})
            module.exports = native.version === '${version}' ? require('${path}') : native.load()`,
          resolveDir: root,
          pluginData: BUNDLED,
        }
      })
      onLoad({ filter: new RegExp(`/node_modules/(${NATIVE.join('|')})/binding\\.js$`) }, ({ path }) => {
        const name = basename(dirname(path))
        const { way, folder } = nativeOf(name)
        if (folder !== dirname(path)) throw new Error(`there is more than one ${name}`)
        const place = `$bundle.native(${JSON.stringify([...way, name])}).folder`
        const contents = readFileSync(path, 'utf8').includes('node-gyp-build')
          ? `module.exports = require('node-gyp-build')(${place})`
          : `module.exports = require('require-addon')('.', ${place} + '/binding.js')`
        return { contents, resolveDir: dirname(path) }
      })
    },
  }
}

/** The packages through which one of our own dependencies needs this one, and its folder. */
function wayTo(root, name) {
  const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const ways = [{ folder: root, way: [] }]
  const seen = new Set()
  for (const { folder, way } of ways) {
    const { dependencies = {}, optionalDependencies = {} } = manifest(folder)
    const needs = Object.keys({ ...dependencies, ...optionalDependencies })
    for (const need of needs) {
      const found = [join(folder, 'node_modules', need), join(root, 'node_modules', need)].find(existsSync)
      if (found === undefined || seen.has(found)) continue
      if (need === name) return { way, folder: found }
      seen.add(found)
      ways.push({ folder: found, way: [...way, need] })
    }
  }
  throw new Error(`no package of ours needs ${name}`)
}

/** A part begins with the hash of its bytes, so that compiled code of another build is not taken for its own. */
function markBuild(file) {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(NO_MARK, markOf(createHash('sha256').update(text).digest('hex'))))
}

function writeEntry(building, entry, part, names = []) {
  const file = join(building, entry.replace(/ts$/, 'js'))
  const way = relative(dirname(file), building).replaceAll(sep, '/') || '.'
  const call = `bundle.open('${part}', '${entry}')`
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    [
      ...(entry === PROGRAM ? ['#!/usr/bin/env node'] : []),
      `import bundle from '${way}/open.cjs'`,
      '',
      names.length === 0
        ? call
        : `export const {\n${names.map((name) => `  ${name},\n`).join('')}} = ${call}`,
      '',
    ].join('\n'),
  )
}

/** The folder of the package that a file is of; undefined for files of ours. */
function packageOf(input) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]
}

function writeLicences(root, building, packages) {
  const each = packages.map((path) => {
    const folder = join(root, path)
    const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find((one) => /^licen[cs]e(\.\w+)?$/i.test(one))
    const by = typeof author === 'object' ? author.name : author
    const text = file === undefined ? `${license}. ${by ?? ''}` : readFileSync(join(folder, file), 'utf8')
    return `## ${name} ${version}\n\n${text.trim()}\n`
  })
  writeFileSync(
    join(building, 'LICENCES.md'),
    `# Licences of what is in the files of this folder\n\n${each.join('\n')}`,
  )
}
