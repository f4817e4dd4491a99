/** What a browser makes of `address`, if anything. Node's `URL.canParse` errs on letters between 128 and 255 once it is optimised. */
export function parsedUrl(address: string, base: string): URL | undefined {
  try {
    return new URL(address, base)
  } catch {
    return undefined
  }
}
