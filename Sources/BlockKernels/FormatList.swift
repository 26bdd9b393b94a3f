// SPDX-License-Identifier: MIT

/// Every format, in the order of GGML's numbers: ONE LINE a format.
///
/// It is inlined where it is called, so that each level of the CPU compiles the kernels that its
/// visitor names.
@inlinable @inline(always)
public func visitFormats(_ visitor: inout some FormatVisitor) {
  visitor.visit(F32.self)
  visitor.visit(F16.self)
  visitor.visit(Q4_0.self)
  visitor.visit(Q4_1.self)
  visitor.visit(Q5_0.self)
  visitor.visit(Q5_1.self)
  visitor.visit(Q8_0.self)
  visitor.visit(Q8_1.self)
  visitor.visit(Q2_K.self)
  visitor.visit(Q3_K.self)
  visitor.visit(Q4_K.self)
  visitor.visit(Q5_K.self)
  visitor.visit(Q6_K.self)
  visitor.visit(Q8_K.self)
  visitor.visit(IQ2_XXS.self)
  visitor.visit(IQ2_XS.self)
  visitor.visit(IQ3_XXS.self)
  visitor.visit(IQ1_S.self)
  visitor.visit(IQ4_NL.self)
  visitor.visit(IQ3_S.self)
  visitor.visit(IQ2_S.self)
  visitor.visit(IQ4_XS.self)
  visitor.visit(I8.self)
  visitor.visit(I16.self)
  visitor.visit(I32.self)
  visitor.visit(I64.self)
  visitor.visit(F64.self)
  visitor.visit(IQ1_M.self)
  visitor.visit(BF16.self)
  visitor.visit(TQ1_0.self)
  visitor.visit(TQ2_0.self)
  visitor.visit(MXFP4.self)
  visitor.visit(NVFP4.self)
  visitor.visit(Q1_0.self)
  visitor.visit(Q2_0.self)
}

/// Something to be done with every format, knowing its type.
public protocol FormatVisitor {
  /// Takes a format.
  mutating func visit<Format: BlockFormat>(_ format: Format.Type)

  /// Takes a format with an encoding kernel of its own.
  mutating func visit<Format: KernelEncodedFormat>(_ format: Format.Type)
}
