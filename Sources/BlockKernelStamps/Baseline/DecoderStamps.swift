// SPDX-License-Identifier: MIT
public import BlockKernels

extension Stamp {
  /// Restores the weights of blocks of any format.
  @inline(never)
  public static func decode(_ decoder: BlockDecoder, _ run: BlockRun) {
    switch decoder {
    case .F16: F16(run)
    case .BF16: BF16(run)
    case .Q4_0: Q4_0(run)
    case .Q4_1: Q4_1(run)
    case .Q5_0: Q5_0(run)
    case .Q5_1: Q5_1(run)
    case .Q8_0: Q8_0(run)
    case .Q8_1: Q8_1(run)
    case .Q2_K: Q2_K(run)
    case .Q3_K: Q3_K(run)
    case .Q4_K: Q4_K(run)
    case .Q5_K: Q5_K(run)
    case .Q6_K: Q6_K(run)
    case .Q8_K: Q8_K(run)
    case .TQ1_0: TQ1_0(run)
    case .TQ2_0: TQ2_0(run)
    case .MXFP4: MXFP4(run)
    case .NVFP4: NVFP4(run)
    case .Q2_0: Q2_0(run)
    case .IQ4_NL(let values): IQ4_NL(run, values)
    case .IQ4_XS(let values): IQ4_XS(run, values)
    case .IQ1_S(let tables): IQ1_S(run, tables)
    case .IQ1_M(let tables): IQ1_M(run, tables)
    case .IQ2_XXS(let tables): IQ2_XXS(run, tables)
    case .IQ2_XS(let tables): IQ2_XS(run, tables)
    case .IQ2_S(let tables): IQ2_S(run, tables)
    case .IQ3_XXS(let tables): IQ3_XXS(run, tables)
    case .IQ3_S(let tables): IQ3_S(run, tables)
    case .Q1_0(let tables): Q1_0(run, tables)
    }
  }

  // A function a format: in one that held them all the compiler would stop inlining half way, and
  // four of the decoders would run at a third of their speed.

  private typealias Values = InlineArray<16, Float>
  private typealias Fours = GridTables<SIMD4<Float>>
  private typealias Eights = GridTables<SIMD8<Float>>

  @inline(never) private static func F16(_ run: BlockRun) { decodeF16(run) }
  @inline(never) private static func BF16(_ run: BlockRun) { decodeBF16(run) }
  @inline(never) private static func Q4_0(_ run: BlockRun) { decodeQ4_0(run) }
  @inline(never) private static func Q4_1(_ run: BlockRun) { decodeQ4_1(run) }
  @inline(never) private static func Q5_0(_ run: BlockRun) { decodeQ5_0(run) }
  @inline(never) private static func Q5_1(_ run: BlockRun) { decodeQ5_1(run) }
  @inline(never) private static func Q8_0(_ run: BlockRun) { decodeQ8_0(run) }
  @inline(never) private static func Q8_1(_ run: BlockRun) { decodeQ8_1(run) }
  @inline(never) private static func Q2_K(_ run: BlockRun) { decodeQ2_K(run) }
  @inline(never) private static func Q3_K(_ run: BlockRun) { decodeQ3_K(run) }
  @inline(never) private static func Q4_K(_ run: BlockRun) { decodeQ4_K(run) }
  @inline(never) private static func Q5_K(_ run: BlockRun) { decodeQ5_K(run) }
  @inline(never) private static func Q6_K(_ run: BlockRun) { decodeQ6_K(run) }
  @inline(never) private static func Q8_K(_ run: BlockRun) { decodeQ8_K(run) }
  @inline(never) private static func TQ1_0(_ run: BlockRun) { decodeTQ1_0(run) }
  @inline(never) private static func TQ2_0(_ run: BlockRun) { decodeTQ2_0(run) }
  @inline(never) private static func MXFP4(_ run: BlockRun) { decodeMXFP4(run) }
  @inline(never) private static func NVFP4(_ run: BlockRun) { decodeNVFP4(run) }
  @inline(never) private static func Q2_0(_ run: BlockRun) { decodeQ2_0(run) }
  @inline(never) private static func IQ4_NL(_ run: BlockRun, _ v: Values) { decodeIQ4_NL(run, v) }
  @inline(never) private static func IQ4_XS(_ run: BlockRun, _ v: Values) { decodeIQ4_XS(run, v) }
  @inline(never) private static func IQ1_S(_ run: BlockRun, _ t: Eights) { decodeIQ1_S(run, t) }
  @inline(never) private static func IQ1_M(_ run: BlockRun, _ t: Eights) { decodeIQ1_M(run, t) }
  @inline(never) private static func IQ2_XXS(_ run: BlockRun, _ t: Eights) { decodeIQ2_XXS(run, t) }
  @inline(never) private static func IQ2_XS(_ run: BlockRun, _ t: Eights) { decodeIQ2_XS(run, t) }
  @inline(never) private static func IQ2_S(_ run: BlockRun, _ t: Eights) { decodeIQ2_S(run, t) }
  @inline(never) private static func IQ3_XXS(_ run: BlockRun, _ t: Fours) { decodeIQ3_XXS(run, t) }
  @inline(never) private static func IQ3_S(_ run: BlockRun, _ t: Fours) { decodeIQ3_S(run, t) }
  @inline(never) private static func Q1_0(_ run: BlockRun, _ t: Eights) { decodeQ1_0(run, t) }
}
