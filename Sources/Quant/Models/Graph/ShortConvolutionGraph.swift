// SPDX-License-Identifier: MIT
package import GGUF

/// A short convolution between two gates (LFM2): output(c · convolution(b · u)), with b, c and u from one
/// product.
public struct ShortConvolutionGraph: Sendable {
  /// To b, c and u: the gate before, the gate behind, and what is gated.
  public var input: Linear
  /// Of what passed the first gate.
  public var convolution: ConvolutionGraph
  /// Back to the model's width.
  public var output: Linear

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] { [input.tensor, output.tensor] }
}
