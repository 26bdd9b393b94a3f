// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantEvaluation
internal import QuantModels
internal import QuantPlanning

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a measurement keeps on disk between layers, so that it can go on after it was cut off.
///
/// A GGUF file, written anew after each layer:
///
///     general.type = "sensitivity-state"   sensitivity.fingerprint: of the model, text and settings
///     sensitivity.layer                    layers done
///     sensitivity.results                  the measurements so far, JSON
///     states    F32 [width, tokens]        of the text
///     probes    I8 [bytes]                 of the probes begun, one after the other (`PackedProbes`)
///
/// Most of it are the states of probes, which cannot be had again but by measuring anew.
struct SensitivityState {
  private static let kind = "sensitivity-state"

  /// What is known after some layers.
  struct Results: Codable {
    var sums: SensitivitySums
    var probes: [ProbeStates.Probe]
    var done: Int
  }

  /// What an earlier run left.
  struct Earlier {
    let layer: Int
    let results: Results
    let states: Matrix
    let probes: Matrix
  }

  /// Where the file is.
  let path: String
  private let fingerprint: UInt64
  /// Tokens of each probe, and of all that may begin.
  private let probeRows: Int
  private let mostRows: Int

  init(_ path: String, _ job: SensitivityMeasurement) throws(QuantError) {
    self.path = path
    (probeRows, mostRows) = (job.probes.rows, job.probes.capacity)
    var fingerprint = Fingerprint()
    try ModelIdentity.addFiles(of: job.evaluator.model, to: &fingerprint)
    fingerprint.add(job.evaluator.options.mode.rawValue)
    fingerprint.add(FormatRegistry.encoderRevision)
    fingerprint.add(job.windows.length)
    fingerprint.add(job.range.lowerBound)
    fingerprint.add(job.whole.windows)
    fingerprint.add(job.probes.windows)
    fingerprint.add(job.sharesProbes ? 1 : 0)
    for type in job.types { fingerprint.add(type.name) }
    for token in job.windows.tokens { fingerprint.add(Int(token)) }
    job.importance?.add(to: &fingerprint)
    self.fingerprint = fingerprint.value
  }

  /// Keeps what is known after a layer.
  func save(
    _ results: Results, layer: Int, _ states: Matrix, _ probes: Matrix
  ) throws(QuantError) {
    var metadata = Metadata()
    metadata["general.type"] = .string(MetadataString(Self.kind))
    metadata["sensitivity.fingerprint"] = .uint64(fingerprint)
    metadata["sensitivity.layer"] = .uint32(UInt32(clamping: layer))
    guard let json = try? JSONEncoder().encode(results) else {
      throw .content(file: path, line: 0, what: "a measurement is not a finite number")
    }
    metadata["sensitivity.results"] = .string(
      MetadataString(String(decoding: json, as: UTF8.self)))
    let packed = PackedProbes(probes: probes, text: states, rows: probeRows)
    var tensors = [
      TensorDescription(name: "states", dimensions: [states.columns, states.rows], type: .F32)
    ]
    // Without windows of the text that probes take, theirs have no rows.
    if probes.rows > 0 {
      tensors.append(
        TensorDescription(name: "probes", dimensions: [packed.byteCount], type: .I8))
    }
    try QuantError.wrapping { () throws(FileError) in
      try GGUFWriter.write(to: path, metadata: metadata, tensors: tensors) {
        writer throws(FileError) in
        try writer.write(states, to: 0)
        if probes.rows > 0 { try packed.write(to: writer, tensor: 1) }
        UnfinishedFiles.keep(.state(path))
      }
    }
  }

  /// Reads what an earlier run left, if there is anything.
  ///
  /// Throws `QuantError.mismatch` if it is of another run, `.file` if it cannot be read.
  func read() throws(QuantError) -> Earlier? {
    guard Disk.exists(path) else { return nil }
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    guard file.metadata["general.type"]?.text == Self.kind,
      case .uint64(fingerprint)? = file.metadata["sensitivity.fingerprint"],
      let layer = file.metadata["sensitivity.layer"]?.integer,
      let text = file.metadata["sensitivity.results"]?.text,
      let results = try? JSONDecoder().decode(Results.self, from: Data(text.utf8))
    else {
      throw .mismatch(
        file: path,
        what: "expected the state of this measurement, found that of another model, text or "
          + "setting (the memory limit counts as one); remove it or name another output")
    }
    let states = try Self.states(file)
    let probes = try probes(results.probes.count, states, file)
    UnfinishedFiles.keep(.state(path))
    return Earlier(layer: layer, results: results, states: states, probes: probes)
  }

  private static func states(_ file: GGUFFile) throws(QuantError) -> Matrix {
    let tensor = try QuantError.wrapping { () throws(FileError) in try file.tensor("states") }
    var reader = try TensorReader(model: file, tensor: tensor)
    return try reader.matrix(0..<tensor.rowCount)
  }

  private func probes(
    _ count: Int, _ states: Matrix, _ file: GGUFFile
  ) throws(QuantError) -> Matrix {
    guard count > 0, probeRows > 0, file.contains("probes") else {
      return Matrix(rows: 0, columns: states.columns)
    }
    let tensor = try QuantError.wrapping { () throws(FileError) in try file.tensor("probes") }
    guard tensor.type == .I8, count <= mostRows / probeRows, states.rows >= probeRows else {
      throw .mismatch(file: path, what: "it is not the state of this measurement")
    }
    let probes = Matrix(rows: count * probeRows, columns: states.columns)
    try PackedProbes(probes: probes, text: states, rows: probeRows).read(tensor, of: file)
    return probes
  }
}
