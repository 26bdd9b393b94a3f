// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// An estimate as JSON.
struct SizeEstimateJSON: Encodable {
  struct Device: Encodable {
    let device: String
    let weightsBytes: Int
    let cacheBytes: Int
    let computeBytes: Int
    let outputBytes: Int
    /// What else is in memory.
    let otherBytes: Int
    let totalBytes: Int
    let availableBytes: Int?
    let weightsMethod: String
    let cacheMethod: String
    let computeMethod: String

    init(_ memory: DeviceMemory, _ fit: MemoryFit) {
      device = memory.device.name
      weightsBytes = memory.weights
      cacheBytes = memory.cache
      computeBytes = memory.compute
      outputBytes = memory.output
      otherBytes = fit.otherBytes(on: memory.device)
      totalBytes = memory.total + otherBytes
      weightsMethod = fit.estimate.cacheMethod.rawValue
      cacheMethod = fit.estimate.cacheMethod.rawValue
      computeMethod = fit.estimate.computeMethod.rawValue
      switch memory.device {
      case .host: availableBytes = fit.budget?.host
      case .gpu(let index): availableBytes = fit.budget?.gpus[index]
      }
    }
  }

  struct Other: Encodable {
    let kind: String
    let file: String?
    let device: String
    let bytes: Int
    let method: String
  }

  struct Shortage: Encodable {
    let device: String
    let missingBytes: Int
    let binding: String
  }

  struct Speed: Encodable {
    struct Term: Encodable {
      let name: String
      let bytes: Double
      let seconds: Double
    }

    let tokensPerSecond: Double?
    let lowest: Double?
    let highest: Double?
    let notModelled: String?
    let basis: [String]
    let terms: [Term]

    init(_ speed: Throughput) {
      let rate = speed.rate
      tokensPerSecond = rate?.tokensPerSecond
      lowest = rate?.range.lowerBound
      highest = rate?.range.upperBound
      basis = rate?.basis ?? []
      terms = (rate?.terms ?? []).map {
        Term(name: $0.name, bytes: $0.bytes, seconds: $0.seconds)
      }
      if case .notModelled(let reason) = speed { notModelled = reason } else { notModelled = nil }
    }
  }

  struct Preset: Encodable {
    let preset: String
    /// The file's; `nil` where no file was planned.
    let sizeBytes: Int?
    let tensorBytes: Int?
    let bitsPerWeight: Double
    let fitsWhole: Bool?
    let placement: String?
    let tokensPerSecond: Double?
  }

  let model: String
  let architecture: String
  let sizeBytes: Int?
  let tensorBytes: Int
  let weights: Int
  let weightsAhead: Int
  let embeddingWeights: Int
  let activeWeights: Int
  let bitsPerWeight: Double
  let roles: [SizeRole]
  let runtime: String
  let runtimeVersion: String
  let backend: String
  let backendCompared: Bool
  let fusion: Bool
  let context: Int
  let sequences: Int
  let verdict: String?
  let verdictText: String
  let shortage: Shortage?
  let devices: [Device]
  let others: [Other]
  let notCounted: NotCounted.JSON
  let marginBytes: Int?
  let gpuLayers: Int?
  let layers: Int
  let layersWithExpertsOutside: Int
  let flags: String?
  let largestContext: Int?
  let largestPreset: String?
  let answer: SizeAnswerJSON?
  let presets: [Preset]?
  let speed: Speed?

  init(_ view: SizeEstimateView) {
    let (fit, model) = (view.fit, view.fit.model)
    self.model = model.name
    architecture = model.shape.architecture
    sizeBytes = model.fileBytes
    tensorBytes = model.tensorBytes
    weightsAhead = model.aheadWeightCount
    weights = model.weightCount - weightsAhead
    embeddingWeights = model.embeddingWeightCount
    activeWeights = model.activeWeightCount
    bitsPerWeight = model.bitsPerWeight
    roles = SizeRole.all(model)
    runtime = view.runtime.rawValue
    runtimeVersion = view.runtime.version
    backend = fit.options.backend.rawValue
    backendCompared = fit.options.backend.isHeld
    fusion = fit.options.usesFusion
    context = fit.options.context
    sequences = fit.options.sequences
    verdict = fit.verdict?.rawValue
    verdictText = view.verdict
    shortage = fit.shortage.map {
      Shortage(device: $0.device.name, missingBytes: $0.bytes, binding: $0.binding)
    }
    devices = (fit.estimate.gpus + [fit.estimate.host]).map { Device($0, fit) }
    others = fit.others.map {
      Other(
        kind: $0.kind.rawValue, file: $0.file, device: $0.device.name, bytes: $0.bytes,
        method: $0.method.rawValue)
    }
    notCounted = NotCounted(fit, view.runtime).json
    marginBytes = fit.budget?.margin
    layers = model.shape.layerCount + 1
    gpuLayers =
      fit.placement.rule.gpuCount > 0 ? min(fit.placement.rule.gpuLayers ?? layers, layers) : nil
    layersWithExpertsOutside = fit.placement.layersWithExpertsOutside(model)
    flags = fit.budget == nil || view.runtime == .ollama ? nil : RuntimeFlags(fit).line
    largestContext = fit.largestContext
    let presets = view.allPresets ?? view.answer?.presets
    largestPreset = presets?.largest?.preset.name
    answer = view.answer.map(SizeAnswerJSON.init)
    self.presets = presets.map { $0.rows.map(Self.preset) }
    speed = view.speed.map(Speed.init)
  }

  private static func preset(_ row: PresetSizes.Row) -> Preset {
    Preset(
      preset: row.preset.name, sizeBytes: row.isWholeFile ? row.bytes : nil,
      tensorBytes: row.isWholeFile ? nil : row.bytes, bitsPerWeight: row.bitsPerWeight,
      fitsWhole: row.fitsWhole, placement: row.place?.rawValue,
      tokensPerSecond: row.speed?.rate?.tokensPerSecond)
  }
}
