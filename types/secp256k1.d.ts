/**
 * The native half of the optional package secp256k1. Only this entry is used: the package's own
 * one falls back to a slow implementation without a word where the native part is absent.
 */
declare module 'secp256k1/bindings.js' {
  /** Keys: 32 bytes secret, 33 public (compressed). Signatures: 64 bytes, r then s. Messages: 32-byte hashes. */
  interface NativeSecp256k1 {
    privateKeyVerify(secretKey: Uint8Array): boolean
    publicKeyCreate(secretKey: Uint8Array, compressed?: boolean): Uint8Array
    publicKeyVerify(publicKey: Uint8Array): boolean
    publicKeyConvert(publicKey: Uint8Array, compressed?: boolean): Uint8Array
    /** RFC 6979, low S. Throws where the key is out of range. */
    ecdsaSign(message: Uint8Array, secretKey: Uint8Array): { signature: Uint8Array; recid: number }
    /** False for high S too. Throws where the signature or the key cannot be parsed. */
    ecdsaVerify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
    /** SHA-256 of the compressed shared point. */
    ecdh(publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array
  }

  const native: NativeSecp256k1
  export default native
}
