// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// Streams of a state, as `hyper_connection.count` has it.
  func streams() throws(QuantError) -> Int { try integer("hyper_connection.count", in: 1...64) }

  /// A connection with streams whose weights depend on the token: `NAME_fn`, `NAME_base`, `NAME_scale`.
  ///
  /// - Parameters:
  ///   - name: What the tensors' names begin with.
  ///   - streams: How many there are.
  ///   - width: Numbers of each.
  ///   - join: How output is joined with them.
  /// - Returns: The connection.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func hyperConnection(
    _ name: String, streams: Int, width: Int, _ join: HyperConnection.Join
  ) throws(QuantError) -> HyperConnection {
    let (numbers, factors) =
      switch join {
      case .mixing: ((2 + streams) * streams, 3)
      case .adding: (2 * streams, 2)
      case .nothing: (streams, 1)
      }
    return HyperConnection(
      function: try linear("\(name)_fn", streams * width, numbers),
      base: try tensor("\(name)_base.weight", [numbers]),
      scale: try tensor("\(name)_scale.weight", [factors]),
      epsilon: try number("hyper_connection.epsilon"), join: join)
  }

  /// Mixing streams, as `hyper_connection.sinkhorn_iterations` has it.
  func mixingJoin() throws(QuantError) -> HyperConnection.Join {
    .mixing(iterations: try integer("hyper_connection.sinkhorn_iterations", in: 0...1000))
  }

  /// The limit of gated networks in a layer; `nil` for none.
  ///
  /// `key` may hold one number, or one for each layer.
  func clamp(_ key: String, layer: Int, layers: Int) throws(QuantError) -> Float? {
    guard let value = value(key) else { return nil }
    var limit = value.number
    if let list = value.elements {
      guard list.count >= layers else {
        throw .content(
          file: path, line: 0,
          what: "\(architecture).\(key): expected \(layers) numbers, found \(list.count)")
      }
      limit = list.values(layers)[layer].number
    }
    guard let limit, limit.isFinite, limit >= 0 else {
      throw .content(
        file: path, line: 0, what: "\(architecture).\(key): expected numbers from 0 on")
    }
    return limit > 0 ? Float(limit) : nil
  }
}
