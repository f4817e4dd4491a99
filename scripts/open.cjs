/**
 * Evaluates modules of the bundle; `bundle.js` says what is in its parts.
 *
 * Beside a part lies what V8 compiled of it, made by the build: compiling is what most of a start is. It
 * is good for that build in that folder, and V8 refuses it under another version of Node or on another kind of
 * machine; then the part is compiled as any file is.
 */
const { closeSync, openSync, readFileSync, readSync } = require('node:fs')
const Module = require('node:module')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { Script } = require('node:vm')

/** The first bytes of a part; with the place of the part, also of what was compiled of it. */
const MARK_BYTES = '/*  */'.length + 64

const PIECE_BYTES = 64 * 1024

const opened = new Map()
const natives = new Map()

/** A module of a part, evaluated once. */
function open(part, module) {
  if (!opened.has(part)) opened.set(part, load(part))
  return opened.get(part).modules[module]()
}

/** The native package at the end of a way from one package to the next. */
function native(way) {
  const name = way.at(-1)
  if (!natives.has(name)) natives.set(name, findNative(way, name))
  return natives.get(name)
}

function findNative(way, name) {
  const from = way
    .slice(0, -1)
    .reduce((require, step) => Module.createRequire(require.resolve(step)), require)
  const main = from.resolve(name)
  // A package's main file may be in a folder of its own.
  const folder = main.slice(0, main.lastIndexOf(join(name, '/')) + name.length)
  return {
    folder,
    version: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version,
    load: () => from(name),
  }
}

function urlOf(file) {
  return pathToFileURL(join(__dirname, file)).href
}

/** What V8 has compiled of a part so far, as `load` reads it; undefined for one that is not open. */
function compiled(part) {
  const { script, head } = opened.get(part) ?? {}
  return script && Buffer.concat([Buffer.from(head), script.createCachedData()])
}

function load(part) {
  const filename = join(__dirname, `${part}.cjs`)
  // A function, from its first byte to its last.
  const text = readText(filename)
  // Traces would name the file that was compiled, wherever it lay.
  const head = `${text.slice(0, MARK_BYTES)}\n${filename}\n`
  const module = new Module(filename)
  const evaluate = (run) => run(bundle, module.exports, require, module, filename, __dirname)
  if (areMapsAsked()) {
    // Node reads the maps of modules only.
    module._compile(`module.exports = ${text}`, filename)
    evaluate(module.exports)
    return { modules: module.exports }
  }
  const script = new Script(text, { filename, cachedData: readCompiled(part, Buffer.from(head)) })
  evaluate(script.runInThisContext())
  return { modules: module.exports, script, head }
}

/** ASCII, in pieces that go into V8's own heap: once malloc gave megabytes in one piece, it keeps as many for good. */
function readText(filename) {
  const file = openSync(filename)
  try {
    const piece = Buffer.alloc(PIECE_BYTES)
    let text = ''
    for (let length = 1; length > 0; text += piece.latin1Slice(0, length)) length = readSync(file, piece)
    return text
  } finally {
    closeSync(file)
  }
}

/** By whoever started the process: loaders of TypeScript turn maps on for sources of their own. */
function areMapsAsked() {
  return [process.env.NODE_OPTIONS, ...process.execArgv].join(' ').includes('--enable-source-maps')
}

/** Undefined where there is none that begins like this. */
function readCompiled(part, head) {
  try {
    const bytes = readFileSync(join(__dirname, `${part}.compiled`))
    return bytes.subarray(0, head.length).equals(head) ? bytes.subarray(head.length) : undefined
  } catch {
    return undefined
  }
}

const bundle = { open, native, urlOf, compiled }
module.exports = bundle
