/**
 * The calls that Sheaf makes to packages that ship no types. Narrow on purpose: only what
 * exists in the pinned versions, and of that only what a caller here may need. The streams come
 * from @hyperswarm/secret-stream by way of hyperdht; only `stream-pair.ts` makes some itself.
 */

/** An Ed25519 key pair as sodium lays it out: 32-byte public, 64-byte secret. */
interface Ed25519KeyPair {
  publicKey: Uint8Array
  secretKey: Uint8Array
}

interface SocketAddress {
  host: string
  port: number
}

declare module '@hyperswarm/secret-stream' {
  import { EventEmitter } from 'node:events'
  import type { Duplex } from 'node:stream'

  /** The udx stream below the encryption. Unset until the stream has a route to the peer. */
  export interface RawStream {
    readonly connected: boolean
    readonly remoteHost: string | null
    readonly remotePort: number
    /** Smoothed round trip in milliseconds. */
    readonly rtt: number
    on(event: 'data', listener: (data: Uint8Array) => void): this
  }

  /**
   * One encrypted connection (streamx, so only what it shares with a node stream is typed).
   * The keys and the handshake hash are set before 'connection' is emitted.
   */
  export default class NoiseSecretStream extends EventEmitter {
    constructor(
      isInitiator: boolean,
      rawStream?: Duplex | null,
      options?: { keyPair?: Ed25519KeyPair; remotePublicKey?: Uint8Array; keepAlive?: number },
    )
    static keyPair(seed?: Uint8Array): Ed25519KeyPair

    readonly isInitiator: boolean
    readonly publicKey: Uint8Array
    readonly remotePublicKey: Uint8Array
    /** 64 bytes, the same on both sides and on no other connection; null before the handshake. */
    readonly handshakeHash: Uint8Array | null
    /** True once the handshake is done, false where the stream was destroyed before. */
    readonly opened: Promise<boolean>
    readonly connected: boolean
    readonly destroying: boolean
    readonly destroyed: boolean
    readonly rawStream: RawStream | null
    readonly rawBytesRead: number
    /** Not documented: the announced length of the frame that is coming in, 0 between two. `test/node/io/link.test.ts` fails where it goes. */
    readonly _len: number
    readonly rawBytesWritten: number
    /** Where Protomux.from keeps the multiplexer of this stream. */
    userData: unknown

    write(data: Uint8Array | string): boolean
    end(): this
    destroy(error?: Error | null): this
    pause(): this
    resume(): this
    pipe<T>(target: T): T
    /** Sends an empty frame when nothing was sent for so long; 0 turns it off. */
    setKeepAlive(intervalMs: number): void
    /** Destroys the stream when nothing arrived for so long; 0 turns it off. */
    setTimeout(timeoutMs: number): void
    sendKeepAlive(): void
    /** False where the stream closed before everything had left. */
    flush(): Promise<boolean>

    on(event: 'data', listener: (data: Uint8Array) => void): this
    on(event: 'error', listener: (error: Error & { code?: string }) => void): this
    on(
      event: 'open' | 'connect' | 'handshake' | 'end' | 'finish' | 'drain' | 'close',
      listener: () => void,
    ): this
    once(event: 'data', listener: (data: Uint8Array) => void): this
    once(event: 'error', listener: (error: Error & { code?: string }) => void): this
    once(
      event: 'open' | 'connect' | 'handshake' | 'end' | 'finish' | 'drain' | 'close',
      listener: () => void,
    ): this
  }
}

declare module 'hyperdht' {
  import type { EventEmitter } from 'node:events'
  import type NoiseSecretStream from '@hyperswarm/secret-stream'

  export interface HyperDHTOptions {
    /** Where to begin; undefined means the public nodes, [] means this node is a first one. */
    bootstrap?: readonly (SocketAddress | string)[] | undefined
    nodes?: readonly SocketAddress[]
    /** 0 and undefined both mean "49737 or one of the next five, else any". */
    port?: number | readonly [number, number]
    /** The address to bind; '0.0.0.0' where it is not given. */
    host?: string
    /** False: take the other sockets' packets from anywhere (no NAT in between). */
    firewalled?: boolean
    /** False: be a permanent node at once, as a seed must; true: never be one. */
    ephemeral?: boolean
    /** False: fail rather than take another port than the named one. */
    anyPort?: boolean
    keyPair?: Ed25519KeyPair
    /** 32 bytes that the default key pair is made from. */
    seed?: Uint8Array
    /** False turns keep-alive off. */
    connectionKeepAlive?: number | false
  }

  export interface ConnectOptions {
    keyPair?: Ed25519KeyPair
    relayAddresses?: readonly SocketAddress[]
    /** False: do not try the peer's addresses in the local network. */
    localConnection?: boolean
  }

  export interface ServerOptions {
    /** True refuses the connection; called before the handshake is answered. */
    firewall?: (
      remotePublicKey: Uint8Array,
      payload: unknown,
      address: SocketAddress,
    ) => boolean | Promise<boolean>
    /** False: do not tell peers the addresses in the local network. */
    shareLocalAddress?: boolean
    holepunch?: boolean | (() => boolean)
    handshakeClearWait?: number
  }

  export interface Server extends EventEmitter {
    readonly listening: boolean
    readonly closed: boolean
    readonly publicKey: Uint8Array | null
    readonly relayAddresses: SocketAddress[]
    address(): { publicKey: Uint8Array; host: string; port: number } | null
    /** Announces the key pair (the DHT's default one where none is given). */
    listen(keyPair?: Ed25519KeyPair): Promise<this>
    refresh(): void
    close(): Promise<void>
    on(event: 'connection', listener: (stream: NoiseSecretStream) => void): this
    on(event: 'listening' | 'close', listener: () => void): this
  }

  /** What one node answered to a look-up. */
  export interface LookupReply {
    token: Uint8Array | null
    from: SocketAddress & { id: Uint8Array | null }
    to: SocketAddress
    peers: { publicKey: Uint8Array; relayAddresses: SocketAddress[] }[]
  }

  export interface Query<Reply> extends AsyncIterable<Reply> {
    readonly closestNodes: readonly SocketAddress[]
    finished(): Promise<void>
    destroy(error?: Error): void
  }

  export default class HyperDHT extends EventEmitter {
    constructor(options?: HyperDHTOptions)
    static readonly BOOTSTRAP: readonly string[]
    /** A seed at a named port. Binds every interface unless `options.host` says otherwise. */
    static bootstrapper(port: number, host: string, options?: HyperDHTOptions): HyperDHT
    static keyPair(seed?: Uint8Array): Ed25519KeyPair
    static hash(data: Uint8Array): Uint8Array

    /** Everything that this node and its streams have sent and received since it began, in bytes. */
    readonly udx: { readonly bytesTransmitted: number; readonly bytesReceived: number }
    /** Everything that this node and its streams have sent and received, in bytes. */
    readonly udx: { readonly bytesTransmitted: number; readonly bytesReceived: number }
    readonly defaultKeyPair: Ed25519KeyPair
    readonly bootstrapNodes: readonly SocketAddress[]
    readonly bootstrapped: boolean
    readonly destroyed: boolean
    readonly ephemeral: boolean
    readonly firewalled: boolean
    /** Behind a NAT that gives every destination another port. */
    readonly randomized: boolean
    readonly online: boolean
    /** This node's address as others see it; null until enough of them have told. */
    readonly host: string | null
    readonly port: number
    readonly listening: ReadonlySet<Server>

    ready(): Promise<void>
    fullyBootstrapped(): Promise<void>
    /** The bound socket; null before it is. */
    address(): (SocketAddress & { family: number }) | null
    addNode(node: SocketAddress): void
    toArray(options?: { limit?: number }): SocketAddress[]
    ping(node: SocketAddress): Promise<{ rtt: number; from: SocketAddress; to: SocketAddress }>
    connect(remotePublicKey: Uint8Array, options?: ConnectOptions): NoiseSecretStream
    createServer(options: ServerOptions, onconnection?: (stream: NoiseSecretStream) => void): Server
    createServer(onconnection?: (stream: NoiseSecretStream) => void): Server
    lookup(topic: Uint8Array): Query<LookupReply>
    announce(
      topic: Uint8Array,
      keyPair: Ed25519KeyPair,
      relayAddresses?: readonly SocketAddress[],
    ): Query<LookupReply>
    unannounce(topic: Uint8Array, keyPair: Ed25519KeyPair): Promise<void>
    suspend(): Promise<void>
    resume(): Promise<void>
    destroy(options?: { force?: boolean }): Promise<void>
  }
}

declare module 'hyperdht/testnet.js' {
  import type HyperDHT from 'hyperdht'
  import type { HyperDHTOptions } from 'hyperdht'

  export interface Testnet {
    readonly nodes: HyperDHT[]
    readonly bootstrap: SocketAddress[]
    createNode(options?: HyperDHTOptions): HyperDHT
    destroy(): Promise<void>
  }

  export default function createTestnet(
    size?: number,
    options?: { host?: string; port?: number; bootstrap?: SocketAddress[] },
  ): Promise<Testnet>
}

declare module 'hyperswarm' {
  import { EventEmitter } from 'node:events'
  import type NoiseSecretStream from '@hyperswarm/secret-stream'
  import type HyperDHT from 'hyperdht'
  import type { Server } from 'hyperdht'

  export interface HyperswarmOptions {
    /** Given, it is destroyed with the swarm. Without it the swarm binds every interface. */
    dht?: HyperDHT
    keyPair?: Ed25519KeyPair
    seed?: Uint8Array
    /** Where the swarm stops connecting by itself; incoming connections are not counted out. */
    maxPeers?: number
    maxClientConnections?: number
    /** How many connections may be in the making at once. */
    maxParallel?: number
    /** True refuses the peer and bans it for the life of the swarm. */
    firewall?: (remotePublicKey: Uint8Array, payload: unknown) => boolean
    backoffs?: readonly number[]
    jitter?: number
  }

  export interface PeerInfo extends EventEmitter {
    readonly publicKey: Uint8Array
    readonly relayAddresses: readonly SocketAddress[] | null
    readonly topics: readonly Uint8Array[]
    readonly client: boolean
    readonly server: boolean
    readonly banned: boolean
    readonly prioritized: boolean
    readonly attempts: number
    reconnect(again: boolean): void
    ban(banned: boolean): void
  }

  export interface Discovery {
    readonly topic: Uint8Array
    readonly isClient: boolean
    readonly isServer: boolean
    readonly destroyed: boolean
    /** Resolves when the look-up or announcement under way has ended; false where it failed. */
    flushed(): Promise<boolean>
    /** Looks up or announces once more, now; undefined where the swarm is suspended. */
    refresh(options?: { client?: boolean; server?: boolean; limit?: number }): Promise<boolean | undefined>
    destroy(): Promise<void>
  }

  export default class Hyperswarm extends EventEmitter {
    constructor(options?: HyperswarmOptions)

    readonly keyPair: Ed25519KeyPair
    readonly dht: HyperDHT
    readonly server: Server
    readonly destroyed: boolean
    readonly suspended: boolean
    maxPeers: number
    readonly connecting: number
    readonly connections: ReadonlySet<NoiseSecretStream>
    /** By the public key in hex. */
    readonly peers: ReadonlyMap<string, PeerInfo>

    join(topic: Uint8Array, options?: { server?: boolean; client?: boolean; limit?: number }): Discovery
    leave(topic: Uint8Array): Promise<void>
    status(topic: Uint8Array): Discovery | null
    joinPeer(publicKey: Uint8Array): void
    leavePeer(publicKey: Uint8Array): void
    listen(): Promise<Server>
    /** Resolves when every peer known so far was connected to or given up. */
    flush(): Promise<boolean>
    clear(): Promise<unknown>
    suspend(): Promise<void>
    resume(): Promise<void>
    destroy(options?: { force?: boolean }): Promise<void>

    on(event: 'connection', listener: (stream: NoiseSecretStream, peer: PeerInfo) => void): this
    on(event: 'ban', listener: (peer: PeerInfo, error: Error) => void): this
    on(event: 'update', listener: () => void): this
    once(event: 'connection', listener: (stream: NoiseSecretStream, peer: PeerInfo) => void): this
    once(event: 'ban', listener: (peer: PeerInfo, error: Error) => void): this
    once(event: 'update', listener: () => void): this
  }
}

declare module 'protomux' {
  import type NoiseSecretStream from '@hyperswarm/secret-stream'

  interface CodecState {
    start: number
    end: number
    buffer: Uint8Array | null
  }

  /** A compact-encoding codec. */
  interface Codec<Value> {
    preencode(state: CodecState, value: Value): void
    encode(state: CodecState, value: Value): void
    decode(state: CodecState): Value
  }

  export interface MessageOptions<Value> {
    /** Raw bytes where it is not given. */
    encoding?: Codec<Value>
    /** Where it throws or rejects, the whole stream is destroyed. */
    onmessage?: (value: Value, channel: Channel) => unknown
    autoBatch?: boolean
  }

  export interface Message<Value> {
    readonly type: number
    /** False: closed, or the stream is full (wait for `ondrain`). Corked, it is always true. */
    send(value: Value): boolean
  }

  export interface Channel<Handshake = unknown> {
    readonly protocol: string
    readonly id: Uint8Array | null
    /** What the other side opened with; null before. */
    readonly handshake: Handshake | null
    readonly opened: boolean
    readonly closed: boolean
    readonly destroyed: boolean
    readonly drained: boolean
    userData: unknown
    /** Only once, before anything is sent. */
    open(handshake?: Handshake): void
    /** False where the other side has no such channel or the stream closed. */
    fullyOpened(): Promise<boolean>
    fullyClosed(): Promise<void>
    addMessage<Value = Uint8Array>(options: MessageOptions<Value>): Message<Value>
    cork(): void
    uncork(): void
    close(): void
  }

  export interface ChannelOptions<Handshake> {
    protocol: string
    aliases?: readonly string[]
    id?: Uint8Array | null
    /** True (the default): null instead of a second channel of the same name. */
    unique?: boolean
    handshake?: Codec<Handshake> | null
    // Each message has a value type of its own, which a list cannot name: `never` accepts them all.
    messages?: readonly MessageOptions<never>[]
    userData?: unknown
    onopen?: (handshake: Handshake, channel: Channel<Handshake>) => unknown
    onclose?: (isRemote: boolean, channel: Channel<Handshake>) => unknown
    ondestroy?: (channel: Channel<Handshake>) => unknown
    ondrain?: (channel: Channel<Handshake>) => unknown
  }

  interface ChannelName {
    protocol: string
    id?: Uint8Array | null
  }

  export default class Protomux implements Iterable<Channel> {
    constructor(stream: NoiseSecretStream)
    /** The multiplexer of the stream, made where it has none yet. */
    static from(stream: NoiseSecretStream): Protomux
    static isProtomux(value: unknown): value is Protomux

    readonly stream: NoiseSecretStream
    readonly drained: boolean
    readonly corked: number
    /** Null where the stream is destroyed or a unique channel of that name is open. */
    createChannel<Handshake = unknown>(options: ChannelOptions<Handshake>): Channel<Handshake> | null
    getLastChannel(name: ChannelName): Channel | null
    /** Calls `notify` when the other side opens such a channel first; make yours in it. */
    pair(name: ChannelName, notify: (id: Uint8Array | null) => unknown): void
    unpair(name: ChannelName): void
    opened(name: ChannelName): boolean
    isIdle(): boolean
    cork(): void
    uncork(): void
    destroy(error?: Error): void
    [Symbol.iterator](): Iterator<Channel>
  }
}

declare module 'hypercore' {
  import { EventEmitter } from 'node:events'
  import type NoiseSecretStream from '@hyperswarm/secret-stream'
  import type Protomux from 'protomux'

  export interface GetOptions {
    /** False: null at once where the block is not stored here. */
    wait?: boolean
    timeout?: number
    onwait?: (index: number) => void
    /** True: the bytes as stored, neither decrypted nor decoded. */
    raw?: boolean
  }

  export interface HypercoreOptions {
    keyPair?: Ed25519KeyPair
    writable?: boolean
    wait?: boolean
    timeout?: number
    createIfMissing?: boolean
    overwrite?: boolean
  }

  export interface HypercoreInfo {
    key: Uint8Array
    discoveryKey: Uint8Array
    length: number
    contiguousLength: number
    byteLength: number
    fork: number
    padding: number
  }

  export interface Download {
    /** False where it was given up. */
    done(): Promise<boolean>
    destroy(): void
  }

  export interface DownloadRange {
    start?: number
    /** Exclusive; -1 follows the core. */
    end?: number
    linear?: boolean
    blocks?: readonly number[]
  }

  /** A core of bytes. The getters are null or 0 before `ready()`. */
  export default class Hypercore extends EventEmitter {
    constructor(storage: string, key?: Uint8Array | null, options?: HypercoreOptions)
    static readonly MAX_SUGGESTED_BLOCK_SIZE: number
    static discoveryKey(key: Uint8Array): Uint8Array

    readonly key: Uint8Array | null
    readonly discoveryKey: Uint8Array | null
    readonly id: string | null
    readonly keyPair: { publicKey: Uint8Array; secretKey: Uint8Array | null } | null
    readonly length: number
    readonly byteLength: number
    readonly contiguousLength: number
    readonly fork: number
    readonly readable: boolean
    readonly writable: boolean
    readonly opened: boolean
    readonly closed: boolean
    readonly peers: readonly { readonly remotePublicKey: Uint8Array; readonly remoteLength: number }[]

    ready(): Promise<void>
    /** Appends all blocks as one write; the length afterwards. No fsync. */
    append(blocks: Uint8Array | readonly Uint8Array[]): Promise<{ length: number; byteLength: number }>
    /** Null only with `wait: false` (here or in the session). */
    get(index: number, options?: GetOptions): Promise<Uint8Array | null>
    has(start: number, end?: number): Promise<boolean>
    /** True where the length or the fork changed. */
    update(options?: { wait?: boolean; force?: boolean }): Promise<boolean>
    download(range?: DownloadRange): Download
    /** [block index, offset in it] of a byte; null with `wait: false`. */
    seek(byteOffset: number, options?: GetOptions): Promise<[number, number] | null>
    createReadStream(options?: {
      start?: number
      end?: number
      live?: boolean
      snapshot?: boolean
    }): AsyncIterable<Uint8Array>
    /** Frees the blocks from `start` up to `end` (exclusive) on this machine. */
    clear(start: number, end?: number, options?: { diff?: boolean }): Promise<{ blocks: number } | null>
    /** Shortens the core and raises its fork by one, or to `fork`. */
    truncate(length: number, fork?: number): Promise<void>
    treeHash(length?: number): Promise<Uint8Array>
    /** A small value kept beside the core; null deletes it. */
    setUserData(key: string, value: Uint8Array | null): Promise<void>
    getUserData(key: string): Promise<Uint8Array | null>
    info(): Promise<HypercoreInfo>
    session(options?: HypercoreOptions): Hypercore
    snapshot(options?: HypercoreOptions): Hypercore
    /** Tells readers to wait for peers until the returned function is called. */
    findingPeers(): () => void
    replicate(stream: NoiseSecretStream | Protomux | boolean): NoiseSecretStream
    /** Removes the core from the disk. */
    purge(): Promise<void>
    close(options?: { error?: Error }): Promise<void>

    on(event: 'append' | 'ready' | 'close', listener: () => void): this
    on(event: 'truncate', listener: (length: number, fork: number) => void): this
    on(event: 'peer-add' | 'peer-remove', listener: (peer: unknown) => void): this
    once(event: 'append' | 'ready' | 'close', listener: () => void): this
    once(event: 'truncate', listener: (length: number, fork: number) => void): this
    once(event: 'peer-add' | 'peer-remove', listener: (peer: unknown) => void): this
  }
}

declare module 'corestore' {
  import { EventEmitter } from 'node:events'
  import type NoiseSecretStream from '@hyperswarm/secret-stream'
  import type Hypercore from 'hypercore'
  import type { HypercoreOptions } from 'hypercore'

  export interface CorestoreOptions {
    /** Needs `unsafe: true`; where the store has another one, opening fails. */
    primaryKey?: Uint8Array
    unsafe?: boolean
    readOnly?: boolean
    /** True: wait for the lock of the storage instead of failing. */
    wait?: boolean
    /** True: open files that were moved, copied or restored, and put no lock on them. */
    allowBackup?: boolean
  }

  export interface GetCoreOptions extends HypercoreOptions {
    /** A core of this store, its keys derived from the primary key and this name. */
    name?: string
    key?: Uint8Array
    discoveryKey?: Uint8Array
    exclusive?: boolean
    active?: boolean
  }

  export default class Corestore extends EventEmitter {
    constructor(directory: string, options?: CorestoreOptions)
    /** Null before `ready()`. */
    readonly primaryKey: Uint8Array | null
    readonly opened: boolean
    readonly closed: boolean

    ready(): Promise<void>
    get(options: GetCoreOptions | Uint8Array): Hypercore
    /** The same storage with other names; closing it closes its own cores only. */
    namespace(name: string | Uint8Array): Corestore
    session(): Corestore
    /** The discovery keys of all cores on the disk. */
    list(namespace?: Uint8Array): AsyncIterable<Uint8Array>
    createKeyPair(name: string | Uint8Array): Promise<Ed25519KeyPair>
    replicate(stream: NoiseSecretStream | boolean): NoiseSecretStream
    suspend(): Promise<void>
    resume(): Promise<void>
    close(): Promise<void>
  }
}

declare module 'sodium-universal' {
  interface Sodium {
    readonly crypto_sign_SEEDBYTES: 32
    readonly crypto_sign_PUBLICKEYBYTES: 32
    readonly crypto_sign_SECRETKEYBYTES: 64
    readonly crypto_sign_BYTES: 64
    readonly crypto_generichash_BYTES: 32
    readonly crypto_hash_sha256_BYTES: 32
    readonly crypto_pwhash_SALTBYTES: 16
    readonly crypto_pwhash_ALG_ARGON2ID13: 2

    crypto_sign_keypair(publicKey: Uint8Array, secretKey: Uint8Array): void
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
    /** Throws where a length is wrong; false where the signature is. */
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
    crypto_sign_ed25519_sk_to_pk(publicKey: Uint8Array, secretKey: Uint8Array): void
    /** Throws for 32 bytes that are no point of the curve's main subgroup. */
    crypto_sign_ed25519_pk_to_curve25519(output: Uint8Array, publicKey: Uint8Array): void
    crypto_sign_ed25519_sk_to_curve25519(output: Uint8Array, secretKey: Uint8Array): void
    /** 48 bytes more than the message. */
    crypto_box_seal(output: Uint8Array, message: Uint8Array, publicKey: Uint8Array): void
    /** False where the box is not for this key, or was changed. */
    crypto_box_seal_open(
      output: Uint8Array,
      sealed: Uint8Array,
      publicKey: Uint8Array,
      secretKey: Uint8Array,
    ): boolean
    /** BLAKE2b into `output` (16 to 64 bytes). */
    crypto_generichash(output: Uint8Array, input: Uint8Array, key?: Uint8Array): void
    crypto_generichash_batch(output: Uint8Array, inputs: readonly Uint8Array[], key?: Uint8Array): void
    crypto_hash_sha256(output: Uint8Array, input: Uint8Array): void
    crypto_pwhash(
      output: Uint8Array,
      password: Uint8Array,
      salt: Uint8Array,
      opsLimit: number,
      memoryLimitBytes: number,
      algorithm: number,
    ): void
    crypto_aead_xchacha20poly1305_ietf_encrypt(
      output: Uint8Array,
      message: Uint8Array,
      additional: Uint8Array | null,
      secretNonce: null,
      nonce: Uint8Array,
      key: Uint8Array,
    ): number
    /** Throws where the box was changed, or the key is another. */
    crypto_aead_xchacha20poly1305_ietf_decrypt(
      output: Uint8Array,
      secretNonce: null,
      box: Uint8Array,
      additional: Uint8Array | null,
      nonce: Uint8Array,
      key: Uint8Array,
    ): number
    crypto_pwhash_async(
      output: Uint8Array,
      password: Uint8Array,
      salt: Uint8Array,
      opsLimit: number,
      memoryLimitBytes: number,
      algorithm: number,
    ): Promise<void>
    randombytes_buf(buffer: Uint8Array): void
    sodium_memcmp(left: Uint8Array, right: Uint8Array): boolean
    sodium_memzero(buffer: Uint8Array): void
  }

  const sodium: Sodium
  export default sodium
}

declare module 'fs-native-extensions' {
  interface FileLocks {
    /**
     * Locks a range of an open file (0, 0: all of it) until it is unlocked or closed.
     * False where another open file has it, in this process or in another.
     */
    tryLock(fd: number, offset?: number, length?: number, options?: { shared?: boolean }): boolean
    unlock(fd: number, offset?: number, length?: number): void
    waitForLock(fd: number, offset?: number, length?: number, options?: { shared?: boolean }): Promise<void>
  }

  const locks: FileLocks
  export default locks
}
