/** Every bound in one place, each with its reason. Lengths are in bytes unless the name says otherwise. */

/** Records under one signature. The batch index is one byte. */
export const RECORD_BATCH_MAX = 256
/** A space index of 1,500 chunks (about 100,000 pages) is the largest body. */
export const RECORD_BODY_BYTES_MAX = 65_536
/** Body, header, proof of 8 hashes and signature. */
export const RECORD_BYTES_MAX = RECORD_BODY_BYTES_MAX + 512
/** Rotations of one entity: a key a year for a long life, and a chain that fits one answer. */
export const KEY_CHAIN_MAX = 32
/** A claimed time further ahead than this is refused; clocks of honest machines differ by less. */
export const CLOCK_AHEAD_MAX_MS = 5 * 60_000
/** Parents of one version: an octopus merge of more is made in steps. */
export const PARENTS_MAX = 16
/** What an author says of a version, in one line. */
export const SUMMARY_BYTES_MAX = 512
/** Chunks of a space index; with about 64 pages each, 96,000 pages. */
export const SPACE_CHUNKS_MAX = 1_500
/** A record with the piece that travels beside it. */
export const BLOCK_BYTES_MAX = RECORD_BYTES_MAX + 65_536
/** Text of one page in normal form: a long book as one page, and little enough to check at once. */
export const PAGE_BYTES_MAX = 4 * 1024 * 1024
/** One piece as stored and sent; the unit that has to fit a message. */
export const PIECE_BYTES_MAX = 65_536
/**
 * Text of one piece. Text that does not compress grows by 18 bytes of gzip and 5 for each
 * stored run of at most 16 KiB, so that this much always fits PIECE_BYTES_MAX with room.
 */
export const PIECE_TEXT_BYTES_MAX = 61_440
/** As many pieces as the longest page is cut into. */
export const PAGE_PIECES_MAX = Math.ceil(PAGE_BYTES_MAX / PIECE_TEXT_BYTES_MAX)
/** Bytes of one file: an hour of film. Its publisher keeps some hundred bytes for each piece until others hold it. */
export const FILE_BYTES_MAX = 1024 * 1024 * 1024
/** Pieces of one table of a file: 39 KB, which fit a loose piece. */
export const FILE_TABLE_PIECES_MAX = 1_024
/** As many tables as the largest file has, and as many again for an author who cuts smaller. */
export const FILE_TABLES_MAX = 36
export const FILE_PIECES_MAX: number = FILE_TABLES_MAX * FILE_TABLE_PIECES_MAX
/** Type, slash and subtype: the longest in use have about 75. */
export const MEDIA_TYPE_BYTES_MAX = 100
/** A page path in UTF-8; it stands in every version and every index entry. */
export const PATH_BYTES_MAX = 512
/** Names between the slashes of a path: deeper folders are hard to read and hit the limits of file systems. */
export const PATH_SEGMENTS_MAX = 8
/** One name in a path; with `.md` and some escapes it fits FILE_NAME_BYTES_MAX. */
export const PATH_SEGMENT_BYTES_MAX = 200
/** One file name on ext4, APFS and NTFS. */
export const FILE_NAME_BYTES_MAX = 255
/** Pages of a space index's chunk on average: about 2.5 KB to fetch anew for one page that changed. */
export const CHUNK_PAGES_MEAN = 64
/** Pages of one chunk: few runs between two natural cuts are longer, so that few cuts are forced. */
export const CHUNK_PAGES_MAX = 256
/** One chunk as stored and sent; it fits a message with room. */
export const CHUNK_BYTES_MAX = 48 * 1024
/**
 * Lines added and removed in one difference: more is a new text rather than an edit. The search keeps a trace
 * for each edit of each length, so this bounds its memory: some 50 MB at the worst.
 */
export const DIFF_EDITS_MAX = 1_000
/** Lines of both texts times edits: about half a second at the worst, as measured. */
export const DIFF_STEPS_MAX = 20_000_000
/** A published difference, compressed; it stands in its record. What is longer is no shorter than the text. */
export const DIFF_BYTES_MAX = 60_000
