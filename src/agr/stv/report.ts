/** A transcript for people: what happened at each stage in sentences, and all totals in a table. */

import { readExact } from './exact.ts'
import type { Action, Stage, Tie, TieStep, Transcript, Transfer } from './transcript.ts'

/** Exact numbers up to this length are shown whole. */
const EXACT_LENGTH_MAX = 9
/** Longer ones are cut to this many decimals, and marked with `…`. */
const SHOWN_DECIMALS = 5
/** Of a name in the table. */
const NAME_LENGTH_MAX = 28
/** The table is cut into blocks of stages that fit this width. */
const TABLE_WIDTH = 100

/** The whole report: what was counted, the result, each stage, the lots, the table. */
export function reportText(transcript: Transcript): string {
  return [
    heading(transcript),
    ...transcript.stages.map((stage, i) => stageText(transcript, stage, i + 1)),
    ...lotsText(transcript),
    tableText(transcript),
    resultText(transcript),
  ].join('\n\n')
}

/** Who is elected, in one paragraph. */
export function resultText(transcript: Transcript): string {
  const { elected, reopened, vacancies, decision } = transcript
  const lines: string[] = []
  if (decision === 'none') lines.push('No decision: no ballot ranks a candidate.')
  if (elected.length > 0)
    lines.push(`Elected, in this order: ${elected.map((n) => nameOf(transcript, n)).join('; ')}.`)
  else lines.push('Nobody is elected.')
  if (reopened > 0) lines.push(`Won by "re-open nominations": ${plural(reopened, 'seat')}.`)
  if (vacancies > 0) lines.push(`Vacant: ${plural(vacancies, 'seat')}.`)
  return lines.join('\n')
}

/** One row per candidate, one column per stage, in blocks of stages that fit a page. */
export function tableText(transcript: Transcript): string {
  const names = [...transcript.candidates.map((_, i) => nameOf(transcript, i + 1)), 'exhausted', 'quota'].map(
    cut,
  )
  const columns = transcript.stages.map((stage, i) => [
    `${i + 1}`,
    ...[...stage.totals, stage.exhausted, stage.quota].map(shortNumber),
  ])
  const first = column(['stage', ...names], 'left')
  const blocks: string[] = []
  for (let at = 0; at < columns.length; ) {
    const block = [first]
    let width = first[0]?.length ?? 0
    do {
      const next = column(columns[at] as string[], 'right')
      if (block.length > 1 && width + 2 + (next[0]?.length ?? 0) > TABLE_WIDTH) break
      block.push(next)
      width += 2 + (next[0]?.length ?? 0)
      at++
    } while (at < columns.length)
    blocks.push(
      first
        .map((_, row) =>
          block
            .map((cells) => cells[row])
            .join('  ')
            .trimEnd(),
        )
        .join('\n'),
    )
  }
  return blocks.join('\n\n')
}

function heading(transcript: Transcript): string {
  const { rule, seats, ballots, abstained, withdrawn, quota } = transcript
  const lines = [
    `${plural(seats, 'seat')}, ${plural(ballots, 'ballot')}, ${plural(transcript.candidates.length, 'candidate')}, counted by ${rule}.`,
    `Quota: ${rule === 'wigm-exact/1' ? 'more than ' : ''}${shortNumber(quota)}.`,
  ]
  if (abstained > 0) lines.push(`${plural(abstained, 'ballot')} ranked nobody and abstained.`)
  if (withdrawn.length > 0)
    lines.push(`Withdrawn: ${withdrawn.map((n) => nameOf(transcript, n)).join('; ')}.`)
  return lines.join('\n')
}

function stageText(transcript: Transcript, stage: Stage, number: number): string {
  const lines = [`Stage ${number}: ${actionText(transcript, stage.action)}.`]
  for (const [value, transfers] of byValue(stage.transfers)) {
    const parts = transfers.map(
      ({ papers, to }) => `${papers} to ${to === null ? 'nobody' : nameOf(transcript, to)}`,
    )
    lines.push(`  papers worth ${shortNumber(value)} each: ${parts.join(', ')}`)
  }
  for (const { candidate, factor } of stage.keep ?? []) {
    lines.push(`  ${nameOf(transcript, candidate)} keeps ${factor} of each paper`)
  }
  for (const tie of stage.ties) lines.push(`  ${tieText(transcript, tie)}`)
  for (const { candidate, by } of stage.elected) {
    const total = shortNumber(stage.totals[candidate - 1] as string)
    const why = {
      quota: `with ${total}`,
      'left over': `as left over, with ${total}`,
      'status quo': 'as it was',
    }[by]
    lines.push(`  elected: ${nameOf(transcript, candidate)}, ${why}`)
  }
  return lines.join('\n')
}

function actionText(transcript: Transcript, action: Action): string {
  switch (action.type) {
    case 'first preferences':
      return 'first preferences'
    case 'surplus':
      return `the surplus of ${nameOf(transcript, action.candidate)}, ${shortNumber(action.surplus)}, goes on`
    case 'exclude':
      return `${nameOf(transcript, action.candidate)} is excluded`
    case 'keep factors':
      return 'the elected keep less of each paper'
  }
}

function tieText(transcript: Transcript, tie: Tie): string {
  const names = tie.tied.map((n) => nameOf(transcript, n)).join(', ')
  const steps = tie.steps.map((step) => {
    const left = step.left.map((n) => nameOf(transcript, n)).join(', ')
    return `${stepText(step)} points to ${left}`
  })
  return `tie for ${tie.about === 'surplus' ? 'the next surplus' : 'exclusion'} between ${names}: ${steps.join('; ')}`
}

function stepText(step: TieStep): string {
  switch (step.by) {
    case 'stage':
      return `stage ${step.stage}`
    case 'status quo':
      return 'the status quo wins ties, which'
    case 'reopen':
      return '"re-open nominations" loses ties, which'
    case 'lot':
      return `lot ${step.lot}`
  }
}

function lotsText(transcript: Transcript): string[] {
  if (transcript.lots.length === 0) return []
  const lines = transcript.lots.map((lot, i) => {
    const order = lot.order.map(
      ({ candidate, drew }) => `${nameOf(transcript, candidate)} (${drew.slice(0, 8)}…)`,
    )
    return `Lot ${i + 1}, stage ${lot.stage}, ${lot.about}: ${order.join(' before ')}`
  })
  return [
    [
      ...lines,
      `Lots are ordered by a hash of the seed ${transcript.seed.slice(0, 16)}… and the candidate.`,
      'The seed of a group is who voted: the last to vote could have changed it by staying away.',
    ].join('\n'),
  ]
}

function byValue(transfers: readonly Transfer[]): Map<string, Transfer[]> {
  const groups = new Map<string, Transfer[]>()
  for (const transfer of transfers) {
    const group = groups.get(transfer.value)
    if (group === undefined) groups.set(transfer.value, [transfer])
    else group.push(transfer)
  }
  return groups
}

/** A number as written where it is short; else cut after a few decimals. */
function shortNumber(text: string): string {
  if (!text.includes('/') || text.length <= EXACT_LENGTH_MAX) return text
  const { n, d } = readExact(text)
  const scale = 10n ** BigInt(SHOWN_DECIMALS)
  const digits = String((n * scale) / d).padStart(SHOWN_DECIMALS + 1, '0')
  return `${digits.slice(0, -SHOWN_DECIMALS)}.${digits.slice(-SHOWN_DECIMALS)}…`
}

/** A stranger wrote the names: nothing in them may steer a terminal. */
function nameOf(transcript: Transcript, candidate: number): string {
  return (transcript.candidates[candidate - 1] ?? '?').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}

function cut(name: string): string {
  const characters = [...name]
  return characters.length <= NAME_LENGTH_MAX ? name : `${characters.slice(0, NAME_LENGTH_MAX - 1).join('')}…`
}

function column(cells: readonly string[], side: 'left' | 'right'): string[] {
  const width = Math.max(...cells.map((cell) => [...cell].length))
  return cells.map((cell) => {
    const blanks = ' '.repeat(width - [...cell].length)
    return side === 'left' ? cell + blanks : blanks + cell
  })
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
