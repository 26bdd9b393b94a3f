// SPDX-License-Identifier: MIT

extension NamedMachine {
  /// ONE LINE a machine: its name, what it is, the GB of its memory, GB/s as published, and where.
  ///
  /// The bandwidth of processors is channels · 8 bytes · transfers a second of the memory named.
  static let table: [NamedMachine] = gpus + unified + processors

  private enum Source {
    static let nvidia = "https://en.wikipedia.org/wiki/List_of_Nvidia_graphics_processing_units"
    static let amd = "https://en.wikipedia.org/wiki/List_of_AMD_graphics_processing_units"
    static let arc = "https://en.wikipedia.org/wiki/Intel_Arc"
    static let apple = "https://en.wikipedia.org/wiki/Apple_silicon"
    static let spark = "https://www.nvidia.com/en-us/products/workstations/dgx-spark/"
    static let halo = "https://en.wikipedia.org/wiki/List_of_AMD_Ryzen_processors"
    static let ddr4 = "https://en.wikipedia.org/wiki/DDR4_SDRAM"
    static let ddr5 = "https://en.wikipedia.org/wiki/DDR5_SDRAM"
  }

  private static let gpus: [NamedMachine] = [
    .init("gtx1080ti", "GeForce GTX 1080 Ti", .gpu, 11, 484, Source.nvidia),
    .init("rtx2060-12gb", "GeForce RTX 2060 12 GB", .gpu, 12, 336, Source.nvidia),
    .init("rtx2070", "GeForce RTX 2070", .gpu, 8, 448, Source.nvidia),
    .init("rtx2080", "GeForce RTX 2080", .gpu, 8, 448, Source.nvidia),
    .init("rtx2080ti", "GeForce RTX 2080 Ti", .gpu, 11, 616, Source.nvidia),
    .init("rtx3060-12gb", "GeForce RTX 3060 12 GB", .gpu, 12, 360, Source.nvidia),
    .init("rtx3060ti", "GeForce RTX 3060 Ti", .gpu, 8, 448, Source.nvidia),
    .init("rtx3070", "GeForce RTX 3070", .gpu, 8, 448, Source.nvidia),
    .init("rtx3070ti", "GeForce RTX 3070 Ti", .gpu, 8, 608, Source.nvidia),
    .init("rtx3080-10gb", "GeForce RTX 3080 10 GB", .gpu, 10, 760, Source.nvidia),
    .init("rtx3080-12gb", "GeForce RTX 3080 12 GB", .gpu, 12, 912, Source.nvidia),
    .init("rtx3080ti", "GeForce RTX 3080 Ti", .gpu, 12, 912, Source.nvidia),
    .init("rtx3090", "GeForce RTX 3090", .gpu, 24, 936, Source.nvidia),
    .init("rtx3090ti", "GeForce RTX 3090 Ti", .gpu, 24, 1008, Source.nvidia),
    .init("rtx4060", "GeForce RTX 4060", .gpu, 8, 272, Source.nvidia),
    .init("rtx4060ti-8gb", "GeForce RTX 4060 Ti 8 GB", .gpu, 8, 288, Source.nvidia),
    .init("rtx4060ti-16gb", "GeForce RTX 4060 Ti 16 GB", .gpu, 16, 288, Source.nvidia),
    .init("rtx4070", "GeForce RTX 4070", .gpu, 12, 504, Source.nvidia),
    .init("rtx4070-super", "GeForce RTX 4070 Super", .gpu, 12, 504, Source.nvidia),
    .init("rtx4070ti", "GeForce RTX 4070 Ti", .gpu, 12, 504, Source.nvidia),
    .init("rtx4070ti-super", "GeForce RTX 4070 Ti Super", .gpu, 16, 672, Source.nvidia),
    .init("rtx4080", "GeForce RTX 4080", .gpu, 16, 717, Source.nvidia),
    .init("rtx4080-super", "GeForce RTX 4080 Super", .gpu, 16, 736, Source.nvidia),
    .init("rtx4090", "GeForce RTX 4090", .gpu, 24, 1008, Source.nvidia),
    .init("rtx5060", "GeForce RTX 5060", .gpu, 8, 448, Source.nvidia),
    .init("rtx5060ti-8gb", "GeForce RTX 5060 Ti 8 GB", .gpu, 8, 448, Source.nvidia),
    .init("rtx5060ti-16gb", "GeForce RTX 5060 Ti 16 GB", .gpu, 16, 448, Source.nvidia),
    .init("rtx5070", "GeForce RTX 5070", .gpu, 12, 672, Source.nvidia),
    .init("rtx5070ti", "GeForce RTX 5070 Ti", .gpu, 16, 896, Source.nvidia),
    .init("rtx5080", "GeForce RTX 5080", .gpu, 16, 960, Source.nvidia),
    .init("rtx5090", "GeForce RTX 5090", .gpu, 32, 1792, Source.nvidia),
    .init("tesla-p40", "Tesla P40", .gpu, 24, 346, Source.nvidia),
    .init("v100-16gb", "Tesla V100 16 GB", .gpu, 16, 900, Source.nvidia),
    .init("v100-32gb", "Tesla V100 32 GB", .gpu, 32, 900, Source.nvidia),
    .init("l4", "L4", .gpu, 24, 300, Source.nvidia),
    .init("l40s", "L40S", .gpu, 48, 864, Source.nvidia),
    .init("a10", "A10", .gpu, 24, 600, Source.nvidia),
    .init("a40", "A40", .gpu, 48, 696, Source.nvidia),
    .init("rtx-a6000", "RTX A6000", .gpu, 48, 768, Source.nvidia),
    .init("rtx6000-ada", "RTX 6000 Ada", .gpu, 48, 960, Source.nvidia),
    .init("rtx-pro-6000", "RTX PRO 6000 Blackwell", .gpu, 96, 1792, Source.nvidia),
    .init("a100-40gb", "A100 PCIe 40 GB", .gpu, 40, 1555, Source.nvidia),
    .init("a100-80gb", "A100 PCIe 80 GB", .gpu, 80, 1935, Source.nvidia),
    .init("h100-pcie", "H100 PCIe", .gpu, 80, 2039, Source.nvidia),
    .init("h100-sxm", "H100 SXM", .gpu, 80, 3350, Source.nvidia),
    .init("h200", "H200", .gpu, 141, 4800, Source.nvidia),
    .init("rx5700xt", "Radeon RX 5700 XT", .gpu, 8, 448, Source.amd),
    .init("rx6700xt", "Radeon RX 6700 XT", .gpu, 12, 384, Source.amd),
    .init("rx6800", "Radeon RX 6800", .gpu, 16, 512, Source.amd),
    .init("rx6800xt", "Radeon RX 6800 XT", .gpu, 16, 512, Source.amd),
    .init("rx6900xt", "Radeon RX 6900 XT", .gpu, 16, 512, Source.amd),
    .init("rx7600", "Radeon RX 7600", .gpu, 8, 288, Source.amd),
    .init("rx7600xt", "Radeon RX 7600 XT", .gpu, 16, 288, Source.amd),
    .init("rx7700xt", "Radeon RX 7700 XT", .gpu, 12, 432, Source.amd),
    .init("rx7800xt", "Radeon RX 7800 XT", .gpu, 16, 624, Source.amd),
    .init("rx7900gre", "Radeon RX 7900 GRE", .gpu, 16, 576, Source.amd),
    .init("rx7900xt", "Radeon RX 7900 XT", .gpu, 20, 800, Source.amd),
    .init("rx7900xtx", "Radeon RX 7900 XTX", .gpu, 24, 960, Source.amd),
    .init("rx9060xt-16gb", "Radeon RX 9060 XT 16 GB", .gpu, 16, 320, Source.amd),
    .init("rx9070", "Radeon RX 9070", .gpu, 16, 640, Source.amd),
    .init("rx9070xt", "Radeon RX 9070 XT", .gpu, 16, 640, Source.amd),
    .init("r9700", "Radeon AI PRO R9700", .gpu, 32, 640, Source.amd),
    .init("w7900", "Radeon PRO W7900", .gpu, 48, 864, Source.amd),
    .init("mi50-32gb", "Radeon Instinct MI50 32 GB", .gpu, 32, 1024, Source.amd),
    .init("mi210", "Instinct MI210", .gpu, 64, 1638, Source.amd),
    .init("mi300x", "Instinct MI300X", .gpu, 192, 5300, Source.amd),
    .init("arc-a770-16gb", "Arc A770 16 GB", .gpu, 16, 560, Source.arc),
    .init("arc-b570", "Arc B570", .gpu, 10, 380, Source.arc),
    .init("arc-b580", "Arc B580", .gpu, 12, 456, Source.arc),
  ]

  private static let unified: [NamedMachine] = [
    .init("m1-8gb", "Apple M1, 8 GB", .unified, 8, 68, Source.apple),
    .init("m1-16gb", "Apple M1, 16 GB", .unified, 16, 68, Source.apple),
    .init("m1-pro-16gb", "Apple M1 Pro, 16 GB", .unified, 16, 200, Source.apple),
    .init("m1-pro-32gb", "Apple M1 Pro, 32 GB", .unified, 32, 200, Source.apple),
    .init("m1-max-32gb", "Apple M1 Max, 32 GB", .unified, 32, 400, Source.apple),
    .init("m1-max-64gb", "Apple M1 Max, 64 GB", .unified, 64, 400, Source.apple),
    .init("m1-ultra-64gb", "Apple M1 Ultra, 64 GB", .unified, 64, 800, Source.apple),
    .init("m1-ultra-128gb", "Apple M1 Ultra, 128 GB", .unified, 128, 800, Source.apple),
    .init("m2-8gb", "Apple M2, 8 GB", .unified, 8, 100, Source.apple),
    .init("m2-16gb", "Apple M2, 16 GB", .unified, 16, 100, Source.apple),
    .init("m2-24gb", "Apple M2, 24 GB", .unified, 24, 100, Source.apple),
    .init("m2-pro-16gb", "Apple M2 Pro, 16 GB", .unified, 16, 200, Source.apple),
    .init("m2-pro-32gb", "Apple M2 Pro, 32 GB", .unified, 32, 200, Source.apple),
    .init("m2-max-32gb", "Apple M2 Max, 32 GB", .unified, 32, 400, Source.apple),
    .init("m2-max-64gb", "Apple M2 Max, 64 GB", .unified, 64, 400, Source.apple),
    .init("m2-max-96gb", "Apple M2 Max, 96 GB", .unified, 96, 400, Source.apple),
    .init("m2-ultra-64gb", "Apple M2 Ultra, 64 GB", .unified, 64, 800, Source.apple),
    .init("m2-ultra-128gb", "Apple M2 Ultra, 128 GB", .unified, 128, 800, Source.apple),
    .init("m2-ultra-192gb", "Apple M2 Ultra, 192 GB", .unified, 192, 800, Source.apple),
    .init("m3-8gb", "Apple M3, 8 GB", .unified, 8, 100, Source.apple),
    .init("m3-16gb", "Apple M3, 16 GB", .unified, 16, 100, Source.apple),
    .init("m3-24gb", "Apple M3, 24 GB", .unified, 24, 100, Source.apple),
    .init("m3-pro-18gb", "Apple M3 Pro, 18 GB", .unified, 18, 150, Source.apple),
    .init("m3-pro-36gb", "Apple M3 Pro, 36 GB", .unified, 36, 150, Source.apple),
    .init("m3-max-36gb", "Apple M3 Max (14 cores), 36 GB", .unified, 36, 300, Source.apple),
    .init("m3-max-96gb", "Apple M3 Max (14 cores), 96 GB", .unified, 96, 300, Source.apple),
    .init("m3-max-48gb", "Apple M3 Max (16 cores), 48 GB", .unified, 48, 400, Source.apple),
    .init("m3-max-64gb", "Apple M3 Max (16 cores), 64 GB", .unified, 64, 400, Source.apple),
    .init("m3-max-128gb", "Apple M3 Max (16 cores), 128 GB", .unified, 128, 400, Source.apple),
    .init("m3-ultra-96gb", "Apple M3 Ultra, 96 GB", .unified, 96, 819, Source.apple),
    .init("m3-ultra-256gb", "Apple M3 Ultra, 256 GB", .unified, 256, 819, Source.apple),
    .init("m3-ultra-512gb", "Apple M3 Ultra, 512 GB", .unified, 512, 819, Source.apple),
    .init("m4-16gb", "Apple M4, 16 GB", .unified, 16, 120, Source.apple),
    .init("m4-24gb", "Apple M4, 24 GB", .unified, 24, 120, Source.apple),
    .init("m4-32gb", "Apple M4, 32 GB", .unified, 32, 120, Source.apple),
    .init("m4-pro-24gb", "Apple M4 Pro, 24 GB", .unified, 24, 273, Source.apple),
    .init("m4-pro-48gb", "Apple M4 Pro, 48 GB", .unified, 48, 273, Source.apple),
    .init("m4-pro-64gb", "Apple M4 Pro, 64 GB", .unified, 64, 273, Source.apple),
    .init("m4-max-36gb", "Apple M4 Max (14 cores), 36 GB", .unified, 36, 410, Source.apple),
    .init("m4-max-48gb", "Apple M4 Max (16 cores), 48 GB", .unified, 48, 546, Source.apple),
    .init("m4-max-64gb", "Apple M4 Max (16 cores), 64 GB", .unified, 64, 546, Source.apple),
    .init("m4-max-128gb", "Apple M4 Max (16 cores), 128 GB", .unified, 128, 546, Source.apple),
    .init("strix-halo-64gb", "Ryzen AI Max+ 395, 64 GB", .unified, 64, 256, Source.halo),
    .init("strix-halo-128gb", "Ryzen AI Max+ 395, 128 GB", .unified, 128, 256, Source.halo),
    .init("dgx-spark", "DGX Spark (GB10)", .unified, 128, 273, Source.spark),
  ]

  private static let processors: [NamedMachine] = [
    .init("ryzen-ddr4", "Ryzen, 2 channels of DDR4-3200", .processor, nil, 51.2, Source.ddr4),
    .init("ryzen-ddr5", "Ryzen, 2 channels of DDR5-5600", .processor, nil, 89.6, Source.ddr5),
    .init("core-ddr4", "Core, 2 channels of DDR4-3200", .processor, nil, 51.2, Source.ddr4),
    .init("core-ddr5", "Core, 2 channels of DDR5-5600", .processor, nil, 89.6, Source.ddr5),
    .init(
      "core-ultra-ddr5", "Core Ultra 200S, 2 channels of DDR5-6400", .processor, nil, 102.4,
      Source.ddr5),
    .init(
      "threadripper", "Threadripper, 4 channels of DDR5-5200", .processor, nil, 166.4,
      Source.ddr5),
    .init(
      "threadripper-pro", "Threadripper PRO, 8 channels of DDR5-5200", .processor, nil,
      332.8, Source.ddr5),
    .init(
      "epyc-ddr4", "EPYC 7003, 8 channels of DDR4-3200", .processor, nil, 204.8, Source.ddr4
    ),
    .init("epyc-genoa", "EPYC 9004, 12 channels of DDR5-4800", .processor, nil, 460.8, Source.ddr5),
    .init("epyc-turin", "EPYC 9005, 12 channels of DDR5-6000", .processor, nil, 576.0, Source.ddr5),
    .init(
      "xeon-ddr4", "Xeon (3rd), 8 channels of DDR4-3200", .processor, nil, 204.8,
      Source.ddr4),
    .init(
      "xeon-ddr5", "Xeon (4th), 8 channels of DDR5-4800", .processor, nil, 307.2,
      Source.ddr5),
  ]
}
