// SPDX-License-Identifier: MIT
// A libFuzzer target: whatever the bytes, opening a file and reading all of it must not trap.
// Not part of Package.swift; Tests/Fuzz/run.sh builds it with the library's sources.
import Glibc

/// A file in memory that every run fills anew.
private let descriptor: Int32 = {
  let name = "/dev/shm/gguf-fuzz-\(getpid())"
  defer { unlink(name) }
  return open(name, O_RDWR | O_CREAT, 0o600)
}()
private let path = "/proc/self/fd/\(descriptor)"

/// One run: libFuzzer calls it by this name.
@c(LLVMFuzzerTestOneInput)
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, count, 0) == count else {
    return 0
  }
  guard let model = try? GGUFFile.open(path, requiring: .headerOnly) else { return 0 }
  for entry in model.metadata.entries { read(entry.value) }
  for tensor in model.tensors {
    _ = (tensor.weightCount, tensor.rowCount, tensor.rowBytes, tensor.type.name)
    _ = try? model.withBytes(of: tensor) { span in
      span.withUnsafeBytes { $0.reduce(0, &+) }
    }
  }
  _ = (model.shards[0].trailingByteCount, model.shards[0].isTruncated)
  _ = try? GGUFLayout(
    path: "copy", metadata: model.metadata,
    tensors: model.tensors.map {
      TensorDescription(name: $0.name, dimensions: $0.dimensions, type: $0.type)
    })
  return 0
}

private func read(_ value: MetadataValue) {
  _ = (value.text, value.number)
  guard let array = value.elements else { return }
  precondition(array.values().count == array.count, "an array that was checked must be whole")
  precondition(value == value, "reading twice must give the same")
}
