// timeout: 120s
/** The checks of `sheaf doctor`, on homes that are well and on homes that are not. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import test from 'brittle'
import { examine, type Finding } from '../../../src/node/io/checkup.ts'
import { readConfig } from '../../../src/node/io/config/config.ts'
import { pathsOf } from '../../../src/node/io/paths.ts'
import { rulesPath } from '../../../src/node/io/rules-file.ts'
import { settledHome } from '../../helpers/daemon.ts'
import type { Teardown } from '../../helpers/home.ts'
import { network } from '../../helpers/network.ts'
import { freePort } from '../../helpers/ports.ts'

const find = (findings: Finding[], check: string): Finding => findings.find((one) => one.check === check)!

async function patientOf(t: Teardown, bootstrap: { host: string; port: number }[]) {
  const { home } = await settledHome(t, { bootstrap })
  const paths = pathsOf(home, {}, home)
  return { paths, env: {}, config: readConfig({ file: paths.config }), status: undefined }
}

test('checkup - a home that is well has no failure, and everything is looked at', async (t) => {
  const { bootstrap, close } = await network()
  t.teardown(close)
  const patient = await patientOf(t, bootstrap)
  const findings = await examine(patient)
  t.alike(
    findings.filter(({ verdict }) => verdict === 'failure'),
    [],
  )
  t.is(find(findings, 'daemon').verdict, 'warning', 'no node runs')
  t.is(find(findings, 'reachability').verdict, 'ok')
  t.ok(findings.length >= 14)
})

test('checkup - what is not well is said with what mends it', async (t) => {
  const patient = await patientOf(t, [{ host: '127.0.0.1', port: await freePort() }])
  chmodSync(patient.paths.home, 0o755)
  chmodSync(patient.paths.identity, 0o644)
  writeFileSync(rulesPath(patient.paths.home), 'not rules')
  writeFileSync(patient.paths.config, 'qota_mb = 1\n')
  const findings = await examine(patient, 3_000)
  for (const check of ['home', 'identity', 'rules', 'configuration', 'reachability']) {
    t.is(find(findings, check).verdict, 'failure', check)
  }
  t.is(find(findings, 'home').remedy, `chmod 700 '${patient.paths.home}'`)
  t.is(find(findings, 'configuration').remedy, 'sheaf config validate')
  rmSync(patient.paths.identity)
  t.is(find(await examine({ ...patient, config: undefined }, 3_000), 'identity').remedy, 'sheaf init')
})
