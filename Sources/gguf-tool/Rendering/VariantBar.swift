// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// One bar over all variants that a command writes and measures.
final class VariantBar: Sendable {
  private let count: Int?
  private let progress: Progress
  /// Of `whole`, how much of the time for a variant goes to writing it.
  private let writing: Int
  private let last = Locked<(variant: Int, step: VariantProgress.Step)?>(nil)

  /// The measure of a variant's time.
  private static let whole = 1000

  /// Begins.
  ///
  /// - Parameters:
  ///   - count: Variants; `nil` if each decides whether another follows.
  ///   - writingShare: How much of the time for a variant goes to writing it.
  init(variants count: Int?, writingShare: Double) {
    self.count = count
    let writing = Int(writingShare * Double(Self.whole))
    self.writing = writing
    // The model itself is measured, too.
    let total = count.map { ($0 + 1) * Self.whole - writing }
    progress = Progress("measuring", total: total, unit: total == nil ? .step : .share)
  }

  /// Takes a report.
  @Sendable func report(_ report: VariantProgress) {
    last.withLock { last in
      if last?.variant != report.variant || last?.step != report.step {
        last = (report.variant, report.step)
        progress.begin(
          label(report), of: report.total,
          share: report.step == .writing ? writing : Self.whole - writing)
      }
      progress.update(to: report.done, of: report.total)
    }
  }

  /// Erases the bar.
  func finish() { progress.finish() }

  private func label(_ report: VariantProgress) -> String {
    let variant = "variant \(report.variant)" + (count.map { " of \($0)" } ?? "")
    return switch report.step {
    case .measuringModel: "measuring the model itself"
    case .writing: "writing \(variant)"
    case .measuring: "measuring \(variant)"
    }
  }
}
