// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Looks for damage in a model.
struct Verify: AsyncParsableCommand, ProgressShowing {
  static let configuration = CommandConfiguration(
    abstract: "Check every byte of a model for damage.",
    usage: "gguf-tool verify <model> [<options>]",
    discussion: """
      Checks the header, the metadata against the tensors, and every block for non-finite numbers and \
      invalid codes. The exit code is 0 for a model without faults and 1 for one with faults.

      Example: gguf-tool verify model.gguf --manifest model.sha256
      Example: gguf-tool verify model.gguf --check model.sha256
      Example: gguf-tool verify model.gguf --against model.gguf --tensors
      """)

  @Argument(
    help: ArgumentHelp("The model, or any shard of it.", valueName: "model"),
    completion: .model)
  var model: String

  @Flag(help: "Print the SHA-256 of each tensor, of each file's tensors, and of each file.")
  var hash = false

  @Option(
    help: ArgumentHelp("Write these hashes to a file.", valueName: "file"),
    completion: .file())
  var manifest: String?

  @Option(
    help: ArgumentHelp(
      "Compare with hashes from --manifest, llama-gguf-hash or sha256sum, with a Git LFS pointer, or"
        + " with a SHA-256 itself.", valueName: "file"),
    completion: .file())
  var check: String?

  @Option(
    help: ArgumentHelp(
      "Measure how far the weights are from those of another model.", valueName: "model"),
    completion: .model)
  var against: String?

  @Flag(help: "With --against: show every tensor, not only the ten with the largest error.")
  var tensors = false

  @OptionGroup var threadOptions: ThreadOptions
  @OptionGroup var progressOptions: ProgressOptions
  @OptionGroup var jsonOption: JSONOption

  /// More than the manifest of any model.
  private static let largestManifest = 1 << 26

  func validate() throws {
    guard !tensors || against != nil else {
      throw ValidationError("--tensors needs --against.")
    }
  }

  func run() async throws {
    try checkManifestPath()
    let text = try check.map(Self.text)
    let start = ContinuousClock.now
    let progress = Progress("verifying")
    defer { progress.finish() }
    let model = try await verification(progress)
    var faults = model.faults
    if let text, !model.tensors.isEmpty {
      faults += try Manifest(path: check ?? "", text: text, for: model).faults(in: model)
    }
    let comparison = try await comparison(model, progress)
    progress.finish()
    faults += comparison?.faults ?? []
    let isWritten = try writeManifest(model, isSound: faults.isEmpty)
    let view = VerifyView(
      model: model, faults: faults, comparison: comparison,
      metadata: try comparison.map { _ in try metadataDifference() }, showsHashes: hash,
      showsTensors: tensors, manifest: isWritten ? manifest : nil,
      time: ContinuousClock.now - start)
    try view.show(isJSON: jsonOption.isJSON)
    guard faults.isEmpty else { throw ExitCode.failure }
  }

  private func verification(_ progress: Progress) async throws -> Verification {
    let compared = comparedBytes
    return try await ModelVerifier.verify(
      model, threads: threadOptions.count, hashes: hash || manifest != nil || check != nil,
      begin: { progress.begin(of: $0, whole: $0 + compared) }, progress: progress.advance)
  }

  /// Bytes of the model that are read again to be compared; 0 if they are not.
  private var comparedBytes: Int {
    guard against != nil else { return 0 }
    return (try? GGUFFile.open(model, requiring: .headerOnly))?.byteCount ?? 0
  }

  /// What the other model says; nothing where tensors of this one are not there.
  private func comparison(
    _ model: Verification, _ progress: Progress
  ) async throws -> ModelComparison? {
    guard let against, !model.tensors.isEmpty, !model.tensors.contains(where: \.isTruncated) else {
      return nil
    }
    let bytes = comparedBytes
    return try await ModelComparison(
      GGUFFile.open(self.model), against: GGUFFile.open(against), threads: threadOptions.count,
      begin: { progress.begin("comparing", of: $0, share: bytes) }, progress: progress.advance)
  }

  /// How this model's keys differ from the other's.
  private func metadataDifference() throws -> MetadataDifference {
    MetadataDifference(
      from: try GGUFFile.open(against ?? model, requiring: .headerOnly).metadata,
      to: try GGUFFile.open(model, requiring: .headerOnly).metadata)
  }

  // MARK: Manifests

  private static func text(_ path: String) throws -> String {
    guard !Manifest.isDigest(path) || Disk.exists(path) else { return path }
    let isSmall = try path == "-" || LocalFile(path: path).byteCount <= largestManifest
    guard isSmall else {
      throw QuantError.content(
        file: path, line: 0, what: "expected a manifest of at most \(largestManifest) bytes")
    }
    return String(decoding: try Input.read(path), as: UTF8.self)
  }

  /// Refuses to write over the model before any work is done.
  private func checkManifestPath() throws {
    guard let manifest, let file = try? GGUFFile.open(model, requiring: .headerOnly) else { return }
    try OutputPath.check([manifest], isNot: file)
  }

  /// Hashes of a damaged model are of no use to anybody.
  private func writeManifest(_ model: Verification, isSound: Bool) throws -> Bool {
    guard let manifest else { return false }
    guard isSound else {
      Warnings.write("\(manifest) is not written, because the model has faults")
      return false
    }
    try PlainFile.write(Manifest.text(of: model), to: manifest)
    return true
  }
}
