/**
 * A second counter, written from the rule's words alone and sharing no line with the first. It is
 * as plain as can be: every ballot is a list of names, every number a fraction, every stage looks
 * at every ballot, and "re-open nominations" is spelled out on each ballot once per seat.
 */

import { createHash } from 'node:crypto'

export interface OracleBallot {
  weight: number
  ranking: number[]
}

export interface OraclePoll {
  rule: string
  seats: number
  candidates: number
  withdrawn: number[]
  ballots: OracleBallot[]
  keep: number | undefined
  ron: number | undefined
  seed: Uint8Array
  lotNames: Uint8Array[]
}

export interface OracleStage {
  action: string
  totals: Map<string, string>
  exhausted: string
  quota: string
  elected: string[]
  ties: { about: string; tied: string[]; chosen: string }[]
}

export interface OracleCount {
  elected: string[]
  reopened: number
  vacancies: number
  stages: OracleStage[]
  lots: { stage: number; about: string; order: string[]; drew: string[]; chosen: string }[]
}

/** A candidate's name: its number, or `3+1`, `3+2` for the copies of candidate 3. */
type Name = string

interface Paper {
  weight: bigint
  names: Name[]
  value: Num
  holder: Name | undefined
}

/** A fraction, lowest terms not needed until it is shown. */
type Num = [n: bigint, d: bigint]

const zero: Num = [0n, 1n]
const one: Num = [1n, 1n]
const add = (a: Num, b: Num): Num =>
  a[1] === b[1] ? [a[0] + b[0], a[1]] : low([a[0] * b[1] + b[0] * a[1], a[1] * b[1]])
const negative = (a: Num): Num => [-a[0], a[1]]
const times = (a: Num, b: Num): Num => low([a[0] * b[0], a[1] * b[1]])
const over = (a: Num, b: Num): Num => low([a[0] * b[1], a[1] * b[0]])
const less = (a: Num, b: Num): boolean => a[0] * b[1] < b[0] * a[1]
const same = (a: Num, b: Num): boolean => a[0] * b[1] === b[0] * a[1]
const whole = (n: number | bigint): Num => [BigInt(n), 1n]

function low([n, d]: Num): Num {
  let a = n < 0n ? -n : n
  let b = d
  while (b > 0n) [a, b] = [b, a % b]
  return a === 0n ? [0n, 1n] : [n / a, d / a]
}

/** Cut off after some decimals. */
function cut(a: Num, decimals: number): Num {
  const scale = 10n ** BigInt(decimals)
  return [(a[0] * scale) / a[1], scale]
}

export function oracle(poll: OraclePoll): OracleCount {
  const decimals = { 'wigm-exact/1': undefined, 'wigm-fixed/1': 9, 'scottish/1': 5, 'meek-prf/1': 9 }[
    poll.rule
  ]
  const stages: OracleStage[] = []
  const lots: OracleCount['lots'] = []
  const pasts: Map<Name, Num>[] = []
  const order: Name[] = []
  let ronTookTheRest = false
  const status = new Map<Name, 'in' | 'elected' | 'out' | 'asleep'>()
  for (let c = 0; c < poll.candidates; c++) status.set(String(c), poll.withdrawn.includes(c) ? 'out' : 'in')
  const copies =
    poll.ron === undefined
      ? []
      : Array.from({ length: poll.seats }, (_, k) => (k === 0 ? `${poll.ron}` : `${poll.ron}+${k}`))
  for (const copy of copies.slice(1)) status.set(copy, 'asleep')

  const papers: Paper[] = []
  for (const ballot of poll.ballots) {
    const names: Name[] = []
    for (const c of ballot.ranking) {
      const isKnown = Number.isInteger(c) && c >= 0 && c < poll.candidates
      if (!isKnown || poll.withdrawn.includes(c) || names.includes(String(c))) continue
      if (c === poll.ron) names.push(...copies)
      else names.push(String(c))
    }
    if (names.length > 0) papers.push({ weight: BigInt(ballot.weight), names, value: one, holder: undefined })
  }
  const W = papers.reduce((sum, paper) => sum + paper.weight, 0n)
  if (W === 0n) {
    const stays = poll.keep !== undefined && status.get(`${poll.keep}`) === 'in'
    return {
      elected: stays ? [`${poll.keep}`] : [],
      reopened: 0,
      vacancies: poll.seats - (stays ? 1 : 0),
      stages: [],
      lots: [],
    }
  }
  return poll.rule === 'meek-prf/1' ? meek() : wigm()

  function wigm(): OracleCount {
    const share: Num = [W, BigInt(poll.seats + 1)]
    const quota =
      poll.rule === 'wigm-exact/1'
        ? share
        : poll.rule === 'scottish/1'
          ? add(cut(share, 0), one)
          : add(cut(share, 9), [1n, 10n ** 9n])
    const reached = (v: Num) => (poll.rule === 'wigm-exact/1' ? less(quota, v) : !less(v, quota))
    const quotaText = poll.rule === 'scottish/1' ? String(quota[0] / quota[1]) : show(quota)
    // what the elected were left with once their surplus had gone on
    const kept = new Map<Name, Num>()

    settle(papers)
    let action = 'first preferences'
    while (true) {
      const totals = new Map<Name, Num>()
      for (const name of status.keys()) {
        const held = papers.filter((paper) => paper.holder === name)
        totals.set(
          name,
          kept.get(name) ??
            held.reduce((sum, paper) => add(sum, times(paper.value, whole(paper.weight))), zero),
        )
      }
      record(action, totals, quotaText)
      electUpon(totals, (name) => reached(totals.get(name) as Num))
      if (isOver(totals)) return result()

      const rich = [...status.keys()].filter(
        (n) => status.get(n) === 'elected' && less(quota, totals.get(n) as Num),
      )
      if (rich.length > 0) {
        const most = rich.reduce((a, b) => (less(totals.get(a) as Num, totals.get(b) as Num) ? b : a))
        const giver = pick(
          rich.filter((n) => same(totals.get(n) as Num, totals.get(most) as Num)),
          'surplus',
        )
        const total = totals.get(giver) as Num
        const moving = papers.filter((paper) => paper.holder === giver)
        for (const paper of moving) {
          paper.value = over(times(paper.value, add(total, negative(quota))), total)
          if (decimals !== undefined) paper.value = cut(paper.value, decimals)
        }
        kept.set(giver, quota)
        settle(moving)
        action = `surplus ${giver}`
      } else {
        const left = inRace()
        const least = left.reduce((a, b) => (less(totals.get(b) as Num, totals.get(a) as Num) ? b : a))
        const loser = pick(
          left.filter((n) => same(totals.get(n) as Num, totals.get(least) as Num)),
          'exclusion',
        )
        status.set(loser, 'out')
        settle(papers.filter((paper) => paper.holder === loser))
        action = `exclude ${loser}`
      }
    }
  }

  /** The reference rule, in billionths, without fractions: it has no others. */
  function meek(): OracleCount {
    const unit = 10n ** 9n
    const up = (a: bigint, b: bigint) => (a % b === 0n ? a / b : a / b + 1n)
    const factor = new Map<Name, bigint>()
    let action = 'first preferences'
    while (true) {
      let before: bigint | undefined
      let votes: Map<Name, bigint>
      let quota: bigint
      let winners: Name[]
      let surplus: bigint
      while (true) {
        votes = new Map([...status.keys()].map((name) => [name, 0n]))
        for (const paper of papers) {
          let rest = unit
          for (const name of paper.names) {
            const state = status.get(name)
            if (state === 'out' || state === 'asleep') continue
            const keep = state === 'in' ? rest : up(rest * (factor.get(name) ?? unit), unit)
            votes.set(name, (votes.get(name) as bigint) + keep * paper.weight)
            rest -= keep
            if (rest === 0n) break
          }
        }
        let sum = 0n
        for (const v of votes.values()) sum += v
        quota = sum / BigInt(poll.seats + 1) + 1n
        winners = inRace().filter((name) => (votes.get(name) as bigint) >= quota)
        surplus = 0n
        const holding = [...status.keys()].filter((name) => status.get(name) === 'elected')
        for (const name of holding) surplus += (votes.get(name) as bigint) - quota
        if (surplus < 0n) surplus = 0n
        if (winners.length > 0 || surplus < 1000n || (before !== undefined && surplus >= before)) break
        before = surplus
        for (const name of holding) {
          const scaled = up((factor.get(name) ?? unit) * quota, unit)
          factor.set(name, up(scaled * unit, votes.get(name) as bigint))
        }
      }
      const totals = new Map([...votes].map(([name, v]): [Name, Num] => [name, [v, unit]]))
      record(action, totals, show([quota, unit]))
      electUpon(totals, (name) => winners.includes(name))
      if (isOver(totals)) return result()
      action = 'keep factors'
      if (winners.length > 0) continue
      const left = inRace()
      const least = left.map((name) => votes.get(name) as bigint).reduce((a, b) => (b < a ? b : a))
      const loser = pick(
        left.filter((name) => (votes.get(name) as bigint) <= least + surplus),
        'exclusion',
      )
      status.set(loser, 'out')
      action = `exclude ${loser}`
    }
  }

  function settle(moving: Paper[]): void {
    for (const paper of moving) paper.holder = paper.names.find((name) => status.get(name) === 'in')
  }

  function inRace(): Name[] {
    return [...status.keys()].filter((name) => status.get(name) === 'in')
  }

  function record(action: string, totals: Map<Name, Num>, quota: string): void {
    pasts.push(totals)
    let rest: Num = whole(W)
    for (const total of totals.values()) rest = add(rest, negative(total))
    const shown = new Map([...totals].map(([name, total]) => [name, show(total)]))
    stages.push({ action, totals: shown, exhausted: show(rest), quota, elected: [], ties: [] })
  }

  function electUpon(totals: Map<Name, Num>, wins: (name: Name) => boolean): void {
    const winners = inRace().filter(wins)
    elect(winners, totals)
    for (const name of winners) {
      const next = copies[copies.indexOf(name) + 1]
      // the seats still open decide whether another copy is of use
      if (copies.includes(name) && next !== undefined && order.length < poll.seats) status.set(next, 'in')
    }
  }

  function elect(winners: Name[], totals: Map<Name, Num>): void {
    const byTotal = [...winners].sort((a, b) => {
      const [x, y] = [totals.get(a) as Num, totals.get(b) as Num]
      return less(y, x) ? -1 : less(x, y) ? 1 : 0
    })
    for (const name of byTotal) {
      status.set(name, 'elected')
      order.push(name)
      stages.at(-1)?.elected.push(name)
    }
  }

  function isOver(totals: Map<Name, Num>): boolean {
    const open = poll.seats - order.length
    if (open === 0) return true
    const left = inRace()
    const ronIsIn = left.some((name) => copies.includes(name))
    if (ronIsIn && left.length > 1) return false
    if (!ronIsIn && left.length > open) return false
    ronTookTheRest = ronIsIn
    elect(left, totals)
    return true
  }

  function result(): OracleCount {
    const elected = order.filter((name) => !copies.includes(name))
    const reopened = ronTookTheRest ? poll.seats - elected.length : order.length - elected.length
    return { elected, reopened, vacancies: poll.seats - elected.length, stages, lots }
  }

  function pick(tied: Name[], about: 'surplus' | 'exclusion'): Name {
    if (tied.length === 1) return tied[0] as Name
    const chosen = narrow(tied, pasts.length - 2, about)
    stages.at(-1)?.ties.push({ about, tied, chosen })
    return chosen
  }

  /** Looks at stage `at` and then at those before it. */
  function narrow(tied: Name[], at: number, about: 'surplus' | 'exclusion'): Name {
    if (tied.length === 1) return tied[0] as Name
    if (at >= 0) {
      const then = (name: Name): Num => pasts[at]?.get(name) ?? zero
      const isWorse = (a: Name, b: Name) =>
        about === 'exclusion' ? less(then(b), then(a)) : less(then(a), then(b))
      return narrow(
        tied.filter((a) => !tied.some((b) => isWorse(a, b))),
        at - 1,
        about,
      )
    }
    const keep = tied.find((name) => name === `${poll.keep}`)
    if (keep !== undefined) {
      if (about === 'surplus') return keep
      return narrow(
        tied.filter((name) => name !== keep),
        -1,
        about,
      )
    }
    const ron = tied.find((name) => copies.includes(name))
    if (ron !== undefined) {
      if (about === 'exclusion') return ron
      return narrow(
        tied.filter((name) => name !== ron),
        -1,
        about,
      )
    }
    const drawn = tied.map((name) => ({
      name,
      drew: lot(poll.seed, poll.lotNames[Number(name)] as Uint8Array),
    }))
    drawn.sort((a, b) => (a.drew < b.drew ? -1 : 1))
    const chosen = (about === 'exclusion' ? drawn[drawn.length - 1] : drawn[0])?.name as Name
    lots.push({
      stage: stages.length,
      about,
      order: drawn.map((d) => d.name),
      drew: drawn.map((d) => d.drew),
      chosen,
    })
    return chosen
  }

  function show(a: Num): string {
    if (decimals === undefined) {
      const [n, d] = low(a)
      return d === 1n ? `${n}` : `${n}/${d}`
    }
    const units = String((a[0] * 10n ** BigInt(decimals)) / a[1]).padStart(decimals + 1, '0')
    return `${units.slice(0, units.length - decimals)}.${units.slice(units.length - decimals)}`
  }
}

function lot(seed: Uint8Array, name: Uint8Array): string {
  const domain = Buffer.from('sheaf/stv/lot/1')
  const hash = createHash('sha256').update(Uint8Array.of(domain.length)).update(domain)
  for (const part of [seed, name]) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(part.length)
    hash.update(length).update(part)
  }
  return hash.digest('hex')
}
