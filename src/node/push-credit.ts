/**
 * How much a client may be sent unasked before it thanks: whoever does not thank is not sent more, and
 * no checkpoint comes to cover more than it may.
 */

/** Things found, in all subscriptions of one session. */
export const UNTHANKED_PUSHES_MAX = 128

export class PushCredit {
  /** What went out, behind which message of ours; the oldest first. */
  #sent: { results: number; messages: number }[] = []
  #left = UNTHANKED_PUSHES_MAX

  get left(): number {
    return this.#left
  }

  spend(results: number, messages: number): void {
    if (results === 0) return
    this.#sent.push({ results, messages })
    this.#left -= results
  }

  /** The client has thanked for everything up to this message. */
  thanked(messages: number): void {
    const [over, on] = [
      this.#sent.filter((one) => one.messages <= messages),
      this.#sent.filter((one) => one.messages > messages),
    ]
    for (const { results } of over) this.#left += results
    this.#sent = on
  }
}
