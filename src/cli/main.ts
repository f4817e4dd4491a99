#!/usr/bin/env node
/** The program `sheaf`. */
import { runCli } from './program.ts'
import { processShell } from './shell.ts'

runCli(process.argv.slice(2), processShell()).then((status) => {
  process.exitCode = status
})
