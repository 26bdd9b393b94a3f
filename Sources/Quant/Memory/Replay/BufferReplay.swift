// SPDX-License-Identifier: MIT

/// Replays how llama.cpp's graph allocator gives tensors room, to know how large its buffers become.
///
/// A tensor takes room when it is computed and gives it back after it was read for the last time. An
/// elementwise result takes the place of an argument that nobody else reads, if that argument is no view.
struct BufferReplay {
  private var buffers: [FreeList]
  private let schedule: GraphSchedule
  /// How often a tensor will still be read.
  private var readers: [Int]
  /// How many views of it are still to be read.
  private var views: [Int]
  private var room: [Room?]

  private struct Room {
    let device: Int
    let offset: Int
    var bytes: Int
  }

  /// Bytes of the buffer of each GPU, and of the host last.
  ///
  /// - Complexity: O(*n* · *m*) in tensors and holes between them, of which there are few.
  static func peaks(_ schedule: GraphSchedule) -> [Int] {
    var replay = BufferReplay(schedule)
    replay.run()
    return replay.buffers.map(\.peak)
  }

  private init(_ schedule: GraphSchedule) {
    self.schedule = schedule
    let host = schedule.host > 0 ? BufferAlignment.pinned : BufferAlignment.host
    buffers = (0...schedule.host).map {
      FreeList(alignment: $0 < schedule.host ? schedule.rules.alignment : host)
    }
    let count = schedule.tensors.count
    readers = Array(repeating: 0, count: count)
    views = Array(repeating: 0, count: count)
    room = Array(repeating: nil, count: count)
  }

  private mutating func run() {
    for leaf in schedule.leaves { allocate(leaf) }
    count()
    for step in schedule.steps {
      switch step {
      case .copy(let tensor): allocate(tensor)
      case .dependency(let tensor): release(tensor)
      case .node(let tensor):
        allocate(tensor)
        for source in schedule.tensors[tensor].sources { release(source) }
        for kept in schedule.lasting(until: tensor) { release(kept) }
      }
    }
  }

  private mutating func count() {
    for step in schedule.steps {
      switch step {
      case .copy: break
      case .dependency(let tensor): readers[tensor] += 1
      case .node(let tensor):
        if let root = schedule.tensors[tensor].root { views[root] += 1 }
        for source in schedule.tensors[tensor].sources { readers[source] += 1 }
        for kept in schedule.lasting(until: tensor) { readers[kept] += 1 }
      }
    }
  }

  private mutating func allocate(_ index: Int) {
    guard room[index] == nil, schedule.tensors[index].root == nil,
      !schedule.tensors[index].hasOwnMemory
    else { return }
    let device = schedule.devices[index]
    let bytes = schedule.bytes(index)
    if schedule.tensors[index].operation.isInPlace,
      let source = schedule.tensors[index].sources.first(where: { fits(index, $0) })
    {
      takePlace(of: source, index, bytes)
    } else {
      room[index] = Room(device: device, offset: buffers[device].take(bytes), bytes: bytes)
    }
  }

  /// Whether a result may lie where an argument is.
  private func fits(_ index: Int, _ source: Int) -> Bool {
    room[source] != nil && readers[source] == 1 && views[source] == 0
      && !schedule.tensors[source].isOutput
      && schedule.tensors[index].shape == schedule.tensors[source].shape
      && schedule.tensors[index].hostBytes == schedule.tensors[source].hostBytes
  }

  private mutating func takePlace(of source: Int, _ index: Int, _ bytes: Int) {
    guard var place = room[source] else { return }
    buffers[place.device].shrink(place.offset, from: place.bytes, to: bytes)
    place.bytes = bytes
    room[index] = place
    room[source] = nil
  }

  /// Notes that a tensor was read once more.
  private mutating func release(_ index: Int) {
    readers[index] -= 1
    guard readers[index] == 0, views[index] == 0 else { return }
    if let root = schedule.tensors[index].root {
      views[root] -= 1
      if views[root] == 0 && readers[root] == 0 { free(root) }
    } else {
      free(index)
    }
  }

  private mutating func free(_ index: Int) {
    guard let place = room[index], !schedule.tensors[index].isOutput else { return }
    buffers[place.device].give(place.offset, place.bytes)
    room[index] = nil
  }
}
