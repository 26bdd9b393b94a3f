// SPDX-License-Identifier: MIT

extension DeepSeek4: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    var streams = builder.spread(builder.embedding())
    for layer in 0..<builder.shape.trunkCount { streams = builder.connectedLayer(layer, streams) }
    builder.addOutput(builder.collected(streams))
  }
}
