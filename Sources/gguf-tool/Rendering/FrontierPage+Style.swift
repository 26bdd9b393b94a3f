// SPDX-License-Identifier: MIT

extension FrontierPage {
  /// The page's style. All colours are variables with one value for light and one for dark; paper is
  /// always light.
  static let style = """
    :root { color-scheme: light dark; \(light) }
    @media (prefers-color-scheme: dark) { :root { \(dark) } }
    \(layout)
    \(pictures)
    @media print { :root { color-scheme: light; \(light) } \(print) }
    """

  private static let light = """
    --paper: #ffffff; --panel: #f5f7f9; --ink: #1b1f24; --dim: #59636e; --rule: #d5dae0;
    --grid: #e7ebef; --per-expert: #0072b2; --merged: #b07800; --uniform: #5a646e;
    --random: #b5548a; --router: #00835f; --sensitivity: #cc4e00;
    """

  private static let dark = """
    --paper: #14171b; --panel: #1d2228; --ink: #e6e9ec; --dim: #9aa5b1; --rule: #39414a;
    --grid: #2a3038; --per-expert: #56b4e9; --merged: #e69f00; --uniform: #b5bcc4;
    --random: #e29bc2; --router: #2fc297; --sensitivity: #ff8548;
    """

  private static let layout = """
    body { margin: 0 auto; max-width: 1120px; padding: 28px 24px; background: var(--paper);
      color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif;
      overflow-wrap: anywhere; }
    h1 { font-size: 26px; line-height: 1.25; margin: 0 0 2px; }
    h2 { font-size: 18px; margin: 36px 0 8px; }
    .kicker, .path, footer, .note, figcaption { color: var(--dim); font-size: 14px; margin: 0; }
    .path { margin-bottom: 12px; }
    figcaption { margin-top: 6px; }
    ul.note { padding-left: 20px; }
    footer { margin-top: 36px; border-top: 1px solid var(--rule); padding-top: 8px; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; }
    dt { color: var(--dim); }
    dd { margin: 0; }
    .pick { margin-top: 16px; padding: 10px 16px; background: var(--panel);
      border-left: 4px solid var(--per-expert); border-radius: 4px; }
    .pick p { margin: 2px 0 0; }
    figure { margin: 0; }
    .legend { display: flex; flex-wrap: wrap; gap: 2px 20px; list-style: none; padding: 0;
      margin: 0 0 10px; font-size: 13px; }
    .legend span { color: var(--dim); }
    .key { vertical-align: -3px; margin-right: 5px; }
    .frame, .wide { overflow-x: auto; }
    .frame { min-width: 0; }
    .plot-alone .plot { min-width: 900px; }
    .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr));
      gap: 12px 16px; }
    .maps figure { max-width: 100%; overflow-x: auto; }
    .maps { display: flex; flex-wrap: wrap; gap: 20px 28px; margin-top: 12px; }
    .scale { display: flex; flex-wrap: wrap; list-style: none; padding: 0; margin: 8px 0 0; font-size: 12px; }
    .scale li { padding: 2px 9px; }
    table { border-collapse: collapse; font-size: 12px; line-height: 1.35; }
    th { text-align: left; vertical-align: bottom; color: var(--dim); font-weight: 600;
      overflow-wrap: normal; }
    th, td { padding: 4px 5px; border-bottom: 1px solid var(--rule); }
    td { white-space: nowrap; }
    .number { text-align: right; font-variant-numeric: tabular-nums; }
    .dot { text-align: center; }
    .chosen td { background: var(--panel); }
    em { font-style: normal; font-weight: 700; }
    details { border-bottom: 1px solid var(--rule); padding: 4px 0; }
    summary { cursor: pointer; }
    pre { margin: 6px 0; padding: 8px 12px; background: var(--panel); border-radius: 4px;
      overflow-x: auto; font: 12px/1.45 ui-monospace, Menlo, Consolas, monospace;
      overflow-wrap: normal; -webkit-user-select: all; user-select: all; }
    @media (max-width: 500px) { body { padding: 16px 12px; } }
    """

  private static let pictures = """
    .plot { display: block; width: 100%; height: auto; }
    .map { display: block; height: auto; }
    svg { font: 12px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
    .tick { fill: var(--dim); font-size: 11.5px; }
    .axis-name { fill: var(--dim); }
    .label { fill: var(--ink); font-size: 11.5px; }
    .strong { font-weight: 700; }
    .cell { font-size: 11px; }
    .grid { stroke: var(--grid); }
    .axis { stroke: var(--dim); }
    .level { stroke: var(--dim); stroke-dasharray: 6 4; }
    .front { fill: none; stroke: var(--ink); stroke-width: 2; stroke-linejoin: round; }
    .picked { fill: none; stroke: var(--ink); stroke-width: 1.5; }
    .series { fill: none; opacity: 0.45; }
    .bar { opacity: 0.35; stroke-width: 1; }
    .mark { fill: var(--paper); stroke-width: 1.6; }
    .s-per-expert { stroke: var(--per-expert); }
    .s-merged { stroke: var(--merged); }
    .s-uniform { stroke: var(--uniform); }
    .s-random { stroke: var(--random); }
    .s-router { stroke: var(--router); }
    .s-sensitivity { stroke: var(--sensitivity); }
    .s-per-expert.on { fill: var(--per-expert); }
    .s-merged.on { fill: var(--merged); }
    .s-uniform.on { fill: var(--uniform); }
    .s-random.on { fill: var(--random); }
    .s-router.on { fill: var(--router); }
    .s-sensitivity.on { fill: var(--sensitivity); }
    """

  private static let print = """
    body { max-width: none; padding: 0; }
    h2 { break-after: avoid; }
    figure, .pick, tr { break-inside: avoid; }
    .frame, .wide, .maps figure { overflow: visible; }
    .map { max-width: 100%; }
    .plot-alone .plot { min-width: 0; }
    table { font-size: 8.5px; overflow-wrap: normal; }
    th, td { padding: 2px 4px; }
    td { white-space: normal; }
    td + td + td + td { white-space: nowrap; }
    .map, .scale, .pick, .chosen td { print-color-adjust: exact; }
    """
}
