// SPDX-License-Identifier: MIT
public import BlockFormats
public import GGUF
internal import QuantModels

/// Exactly what will be written: every output tensor with its bytes' place and what it is made of.
///
/// A plan is made from headers alone, in milliseconds. Sizes, dry runs, disk checks, slabs of work
/// and resuming all follow from it; `PlanExecutor` carries it out.
public struct ModelPlan: Sendable {
  /// Some rows of a tensor of the source.
  public struct Slice: Sendable, Hashable {
    /// The tensor's index in the source.
    public let tensor: Int
    /// The rows taken, in order; how long they are, the tensor of the output says
    /// (`sliceRowWeights`).
    public let rows: Range<Int>
  }

  /// How a tensor's bytes come about.
  public enum Action: Sendable, Hashable {
    /// The source's bytes as they are.
    case copy
    /// Decoded to floats and encoded anew.
    case encode
  }

  /// One tensor of the output.
  public struct Tensor: Sendable {
    /// Name, shape and type.
    public let description: TensorDescription
    /// The rows of the source that it is made of, one slice after the other.
    public let slices: [Slice]
    /// Weights in a row as slices count them: a row of the source, or 1 where single numbers are
    /// taken out of a row or put together to one.
    public let sliceRowWeights: Int
    /// How its bytes come about.
    public let action: Action
    /// The type that was wanted, where the shape allows only another.
    public let fallbackFrom: TensorType?
    /// The output file that holds it.
    public fileprivate(set) var file = 0
    /// Where its bytes begin in that file.
    public fileprivate(set) var byteOffset = 0
    /// Its bytes, without padding.
    public fileprivate(set) var byteCount = 0

    init(
      _ description: TensorDescription, slices: [Slice], sliceRowWeights: Int, action: Action,
      fallbackFrom: TensorType? = nil
    ) {
      self.description = description
      self.slices = slices
      self.sliceRowWeights = sliceRowWeights
      self.action = action
      self.fallbackFrom = fallbackFrom
    }

    /// Refuses to cut within a block.
    fileprivate func checkSlices() throws(QuantError) {
      guard let block = description.type.layout?.weightsPerBlock,
        sliceRowWeights % block != 0, slices.count > 1 || sliceRowWeights != rowWeights
      else { return }
      throw .shape(
        tensor: description.name, expected: "a type whose blocks can be split",
        found: "\(description.type), with blocks of \(block) weights")
    }

    /// Weights in the tensor.
    public var weightCount: Int { description.dimensions.reduce(1, *) }
    /// Weights in a row.
    public var rowWeights: Int { description.rowWeights }
    /// Rows in the tensor.
    public var rowCount: Int { description.dimensions.dropFirst().reduce(1, *) }
  }

  /// One file of the output.
  public struct File: Sendable {
    /// The name it will have.
    public let path: String
    /// Its header and the places of its tensors.
    public let layout: GGUFLayout
    /// Its metadata.
    public let metadata: Metadata
    /// Its tensors, as a range of the plan's.
    public let tensors: Range<Int>
  }

  /// The model that is read.
  public let source: any ModelSource
  /// The tensors of the output, in file order.
  public private(set) var tensors: [Tensor]
  /// The files of the output.
  public private(set) var files: [File]
  /// How long encoders search.
  public let effort: Effort

  /// Bytes of all output files together.
  public var byteCount: Int { files.clampedSum(\.layout.byteCount) }
  /// Bytes of all tensors, without headers and padding.
  public var tensorByteCount: Int { tensors.clampedSum(\.byteCount) }
  /// Weights of the output.
  public var weightCount: Int { tensors.clampedSum(\.weightCount) }

  /// The part of the plan that writes one of its files: the same bytes, whoever writes the others.
  ///
  /// - Parameter index: The file's number, from 0.
  /// - Returns: A plan of that file alone.
  /// - Precondition: There is such a file.
  /// - Complexity: O(*n*) in tensors of the file.
  public func part(file index: Int) -> ModelPlan {
    var part = self
    let file = files[index]
    part.tensors = tensors[file.tensors].map { tensor in
      var own = tensor
      own.file = 0
      return own
    }
    part.files = [
      File(
        path: file.path, layout: file.layout, metadata: file.metadata,
        tensors: 0..<part.tensors.count)
    ]
    return part
  }

  /// Lays out the output files.
  ///
  /// Throws `QuantError.file` if a tensor has no countable size, `.unsupported` if there would be
  /// too many files.
  init(
    source: any ModelSource, metadata: Metadata, tensors: [Tensor], output: OutputNaming,
    effort: Effort = .default
  ) throws(QuantError) {
    let ranges = output.ranges(tensors, source: source, metadata: metadata)
    guard ranges.count <= OutputNaming.mostFiles else {
      throw .unsupported(
        "\(output.path): expected at most \(OutputNaming.mostFiles) files, found \(ranges.count) by"
          + " this rule for splitting")
    }
    for tensor in tensors { try tensor.checkSlices() }
    let paths = output.paths(count: ranges.count)
    var placed = tensors
    var files: [File] = []
    for (index, range) in ranges.enumerated() {
      let own =
        output.isSplit
        ? metadata.forShard(index, of: ranges.count, tensorCount: tensors.count) : metadata
      let layout = try QuantError.wrapping { () throws(FileError) in
        try GGUFLayout(
          path: paths[index], metadata: own, tensors: tensors[range].map(\.description))
      }
      for (place, tensor) in range.enumerated() {
        placed[tensor].file = index
        placed[tensor].byteOffset = layout.tensorOffsets[place]
        placed[tensor].byteCount = layout.tensorByteCounts[place]
      }
      files.append(File(path: paths[index], layout: layout, metadata: own, tensors: range))
    }
    self.source = source
    self.tensors = placed
    self.files = files
    self.effort = effort
  }
}

/// What the output files are called and how tensors are shared out among them.
public enum OutputNaming: Sendable, Hashable {
  /// One file.
  case single(String)
  /// Shards by a rule, named after the path.
  case split(String, SplitRule)
  /// Shards as the source has them, named after the path.
  case keepSplit(String)
  /// One shard for the experts, which come last, and one for the rest, named after the path.
  case expertsApart(String)

  /// The number of shards is stored in 16 bits, and its highest value is not used.
  static let mostFiles = 65_534

  /// The path that the user gave.
  public var path: String {
    switch self {
    case .single(let path), .split(let path, _), .keepSplit(let path), .expertsApart(let path): path
    }
  }

  var isSplit: Bool {
    if case .single = self { false } else { true }
  }

  /// The names of the files.
  func paths(count: Int) -> [String] {
    guard isSplit else { return [path] }
    let prefix = path.hasSuffix(".gguf") ? String(path.dropLast(5)) : path
    return SplitName(prefix: prefix, index: 0, count: count).allPaths
  }

  func ranges(
    _ tensors: [ModelPlan.Tensor], source: any ModelSource, metadata: Metadata
  ) -> [Range<Int>] {
    switch self {
    case .single:
      return [0..<tensors.count]
    case .split(_, let rule):
      let alignment = metadata.alignment ?? 32
      return rule.ranges(tensors.map(\.description), alignment: alignment)
    case .keepSplit:
      return Self.rangesByShard(tensors, source: source)
    case .expertsApart:
      let first = tensors.firstIndex { ExpertTensorName($0.description.name) != nil }
      return [0..<(first ?? 0), (first ?? 0)..<tensors.count]
    }
  }

  private static func rangesByShard(
    _ tensors: [ModelPlan.Tensor], source: any ModelSource
  ) -> [Range<Int>] {
    var start = 0
    return source.files.indices.map { shard in
      let count = tensors[start...].prefix { tensor in
        // A tensor put together stands where the first of its parts stood.
        tensor.slices.map { source.tensors[$0.tensor].shard }.min().map { $0 == shard } ?? true
      }.count
      defer { start += count }
      return start..<start + count
    }
  }
}
