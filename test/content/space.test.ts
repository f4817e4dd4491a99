import test from 'brittle'
import fc from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import {
  entityLocator,
  pageFromText,
  pageLocator,
  pageToText,
  refOfSpace,
  type Space,
  spaceFromText,
  spaceLocator,
  spaceOfRef,
  spaceToText,
} from '../../src/content/space.ts'
import { hex, plain, refusal, utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
const spaces: fc.Arbitrary<Space> = fc.record({
  type: fc.constantFrom('entity' as const, 'group' as const),
  id,
})
const ADA: Space = { type: 'entity', id: sha256(utf8('ada')) }

test('space - text and back', (t) => {
  t.is(spaceToText(ADA)[0], '@')
  t.is(spaceToText({ ...ADA, type: 'group' })[0], '%')
  fc.assert(
    fc.property(
      spaces,
      (space) => JSON.stringify(plain(spaceFromText(spaceToText(space)))) === JSON.stringify(plain(space)),
    ),
    parameters(),
  )
  const page = { space: ADA, path: 'garden/bees' }
  t.is(pageToText(page), `${spaceToText(ADA)}/garden/bees`)
  t.alike(plain(pageFromText(pageToText(page))), plain(page))
})

test('space - text that names none is refused with a hint', (t) => {
  const text = spaceToText(ADA)
  for (const wrong of [
    '',
    '@',
    text.slice(1),
    `#${text.slice(1)}`,
    text.slice(0, -1),
    `${text}a`,
    text.toUpperCase(),
    ` ${text}`,
  ]) {
    t.is(
      refusal(() => spaceFromText(wrong)),
      'BAD_ARGUMENT',
      JSON.stringify(wrong),
    )
  }
  t.is(
    refusal(() => pageFromText(text)),
    'BAD_ARGUMENT',
    'a space is no page',
  )
  t.is(
    refusal(() => pageFromText(`${text}/`)),
    'BAD_PATH',
  )
})

test('space - in a record its signer names its own space by saying nothing, and any other by its id', (t) => {
  fc.assert(
    fc.property(spaces, id, fc.boolean(), (space, other, isOwn) => {
      const signer = isOwn ? space.id : other
      const ref = refOfSpace(space, signer)
      return JSON.stringify(plain(spaceOfRef(ref, signer))) === JSON.stringify(plain(space))
    }),
    parameters(),
  )
  t.alike(refOfSpace(ADA, ADA.id), { type: 'self' })
  t.is(
    refusal(() => spaceOfRef({ type: 'entity', id: ADA.id }, ADA.id)),
    'NOT_CANONICAL',
  )
  t.is(refOfSpace({ ...ADA, type: 'group' }, ADA.id).type, 'group', 'a group may have any id')
})

test('space - pages, spaces and entities live at different points', (t) => {
  const group: Space = { type: 'group', id: ADA.id }
  const points = [
    pageLocator({ space: ADA, path: 'a' }),
    pageLocator({ space: group, path: 'a' }),
    pageLocator({ space: ADA, path: 'b' }),
    pageLocator({ space: ADA, path: 'a/b' }),
    spaceLocator(ADA),
    spaceLocator(group),
    entityLocator(ADA.id),
  ]
  t.is(new Set(points.map(hex)).size, points.length)
  t.is(
    hex(pageLocator({ space: ADA, path: 'a' })),
    '112e2a945176e50e68945813ff3faf636a2d07e222d199e2484a8d6a0f99cd95',
    'final',
  )
})
