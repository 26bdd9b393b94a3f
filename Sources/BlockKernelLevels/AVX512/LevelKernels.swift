// SPDX-License-Identifier: MIT
public import BlockKernels

/// All kernels, compiled with the instructions of one level of the CPU.
///
/// This file stands in three modules, by links. What it calls is inlined into each of them and becomes
/// code of their level; callers, which have another level, reach it through witnesses and function
/// values alone, so that nothing of it is inlined into them.
public enum LevelKernels: KernelSet {
  /// Adds the kernels of every format, in the order of the list.
  public static func addFormats(to formats: FormatKernels) {
    var adder = FormatAdder(formats: formats)
    visitFormats(&adder)
  }
}

/// Adds what each format has.
///
/// A function a format: in one that held them all the compiler would stop inlining half way, and four
/// of the decoders would run at a third of their speed.
struct FormatAdder: FormatVisitor {
  let formats: FormatKernels

  func visit<Format: BlockFormat>(_ format: Format.Type) {
    formats.add(Format.self, decoder: { Self.decode(Format.self, $0) })
  }

  func visit<Format: KernelEncodedFormat>(_ format: Format.Type) {
    formats.add(Format.self, decoder: { Self.decode(Format.self, $0) })
    formats.add(Format.self, encoder: { Self.encode(Format.self, $0, $1, $2, $3) })
  }

  @inline(never)
  static func decode<Format: BlockFormat>(_ format: Format.Type, _ run: BlockRun) {
    Format.decodeBlocks(run)
  }

  @inline(never)
  static func encode<Format: KernelEncodedFormat>(
    _ format: Format.Type, _ source: GroupSource, _ effort: Effort, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    Format.encodeBlocks(source, effort, memory, blocks)
  }
}
