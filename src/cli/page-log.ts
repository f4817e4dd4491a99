/** The history of a page, as the commands that build on it need it. */
import { SheafError } from '../base/errors.ts'
import type { VersionJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, pageArgument, timesOf } from './cli.ts'
import { count } from './shown.ts'

export interface PageLog {
  /** `@k3…/garden/bees`. */
  page: string
  /** The newest first by what their authors say. */
  versions: VersionJson[]
}

/** Throws NOT_FOUND where the page has no version. */
export async function pageLog(
  cli: Cli,
  page: string,
  options: CommonOptions & { fresh?: boolean },
): Promise<PageLog> {
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { page: pageArgument(page), timeoutMs, fresh: options.fresh === true ? 'true' : undefined }
  return cli.client(deadlineMs).ask<PageLog>('/v1/log', { query })
}

/** The version that stands for the page. */
export function headIn({ versions }: PageLog): VersionJson {
  const head = versions.find(({ isHead }) => isHead)
  if (head === undefined) throw new SheafError('NOT_FOUND', 'this page has no head')
  return head
}

/** What a new version of the page replaces: its owner's tips, or the head where the owner has none, as in a group's space. */
export function tipsIn(log: PageLog): VersionJson[] {
  const owner = log.page.slice(1, log.page.indexOf('/'))
  const owners = log.versions.filter(
    ({ isTip, author, page }) => isTip && page === log.page && author === owner,
  )
  return log.page.startsWith('@') && owners.length > 0 ? owners : [headIn(log)]
}

/** Throws CONFLICT where a page has several tips, one of which would go unseen. */
export function onlyTipIn(log: PageLog): VersionJson {
  const tips = tipsIn(log)
  if (tips.length > 1) {
    throw new SheafError('CONFLICT', `${log.page} has a fork: ${count(tips.length, 'tip')}`, {
      hint: 'sheaf merge joins them',
    })
  }
  return tips[0]!
}
