// SPDX-License-Identifier: MIT
private import CZstd

/// Decodes zstd files of any number of frames.
@safe final class ZstdDecoder: StreamDecoder {
  private(set) var isBetweenParts = false
  private let stream: OpaquePointer

  /// Makes a decoder at the start of a file; `nil` if there is no memory.
  init?() {
    guard let stream = unsafe ZSTD_createDStream() else { return nil }
    unsafe self.stream = stream
  }

  deinit { unsafe ZSTD_freeDStream(stream) }

  func decode(
    _ input: [UInt8], from position: inout Int, into output: inout [UInt8]
  ) throws(StreamFailure) -> Int {
    let (code, end, written) = run(input, position, &output)
    guard ZSTD_isError(code) == 0 else {
      throw StreamFailure(reason: unsafe String(cString: ZSTD_getErrorName(code)))
    }
    position = end
    // Zero: a frame is decoded to its end, and all of it has been handed out.
    isBetweenParts = code == 0
    return written
  }

  private func run(
    _ input: [UInt8], _ position: Int, _ output: inout [UInt8]
  ) -> (code: Int, end: Int, written: Int) {
    unsafe input.withUnsafeBytes { source in
      unsafe output.withUnsafeMutableBytes { target in
        var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
        var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let code = unsafe ZSTD_decompressStream(stream, &to, &from)
        return unsafe (code, from.pos, to.pos)
      }
    }
  }
}
