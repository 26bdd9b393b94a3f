// SPDX-License-Identifier: MIT
private import COpenSSL
internal import QuantModels

/// SHA-256 of bytes that come in parts, by OpenSSL: it uses the instructions that the CPU has for it.
@safe final class SHA256Stream {
  private let context: OpaquePointer

  /// Begins with nothing.
  ///
  /// Throws `QuantError.unsupported` where OpenSSL has no memory, or is set up without SHA-256.
  init() throws(QuantError) {
    guard let context = unsafe EVP_MD_CTX_new() else {
      throw .unsupported("SHA-256: OpenSSL is out of memory")
    }
    unsafe self.context = context
    guard unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      throw .unsupported("SHA-256: the OpenSSL of this machine does not support it")
    }
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Adds bytes.
  func add(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { bytes in
      _ = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }
  }

  /// The hash of all that was added, in hexadecimal digits; nothing may be added after it.
  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    _ = unsafe EVP_DigestFinal_ex(context, &digest, nil)
    let digits = Array("0123456789abcdef".utf8)
    let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}
