# SPDX-License-Identifier: MIT
"""The limits that calibrated files are held to, as parts of the reference's divergence."""

HELD_OUT = ["wikitext2", "ptb", "c4"]

# Types that together may reach half of it, and those near the limit of what they can lose or gain.
STRONG = ["Q2_K", "Q3_K", "Q4_K", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_XS", "Q4_0", "IQ4_NL"]
WEAK = ["IQ2_XXS", "IQ2_XS", "Q5_K", "Q6_K"]
TYPES = STRONG + WEAK
PRESETS = ["Q2_K", "Q3_K_M", "Q4_K_M", "IQ2_M", "IQ3_M", "IQ4_XS"]

STRONG_MEAN, STRONG_MOST, WEAK_MOST, PRESET_MOST, PLANNED_MOST = 0.55, 0.70, 0.80, 0.65, 0.40


def total(figures):
    return sum(figures["kl"][text][0] for text in HELD_OUT)


def ratios(rows, names, way):
    """The divergence as a part of the reference's, for each name that was measured."""
    return {name: total(rows[name][way]) / total(rows[name]["reference"]) for name in names
            if {way, "reference"} <= rows.get(name, {}).keys()}


def verdict(model, what, wrong, measured):
    if not measured:
        return f"-     {model}: {what}: not measured"
    return f"{'FAIL' if wrong else 'PASS'}  {model}: {what}" + "".join(f"\n        {line}" for line in wrong)


def above(model, what, found, most):
    wrong = [f"{name} {ratio:.3f}" for name, ratio in found.items() if ratio > most]
    return verdict(model, f"{what} at most {most:.2f} of the reference's divergence", wrong, found)


def average(model, found):
    if not found:
        return verdict(model, "mean over types", [], [])
    ratio = sum(found.values()) / len(found)
    wrong = [f"{ratio:.3f}"] if ratio > STRONG_MEAN else []
    return verdict(model, f"mean over {len(found)} types at most {STRONG_MEAN:.2f} ({ratio:.3f})", wrong, found)


def perplexities(model, rows):
    """Perplexity must not lie above the reference's by more than its standard error.

    On texts of the kind that models are for: where the whole model itself is lost, as tiny-dense is in
    sources of Python (1,650), damage may lower it, and only the divergence tells."""
    wrong, count = [], 0
    for name, row in rows.items():
        if not {"calibrated", "reference"} <= row.keys():
            continue
        for text in HELD_OUT:
            value, _ = row["calibrated"]["ppl"][text]
            other, error = row["reference"]["ppl"][text]
            count += 1
            if value > other + error:
                wrong.append(f"{name} on {text}: {value:.3f}, reference {other:.3f} ± {error:.3f}")
    return verdict(model, "no perplexity above the reference's error bar", wrong, count)


def worsened(model, rows):
    """No text may come out worse than without calibration, by more than both standard errors."""
    wrong, count = [], 0
    for name, row in rows.items():
        if not {"calibrated", "ours"} <= row.keys():
            continue
        for text, (value, error) in row["calibrated"]["kl"].items():
            before, before_error = row["ours"]["kl"][text]
            count += 1
            if value > before + before_error + error:
                wrong.append(f"{name} on {text}: {value:.5f}, without calibration {before:.5f}")
    return verdict(model, "no text worse than without calibration", wrong, count)


def larger(model, rows):
    """No file may have more bytes of tensors than the reference's."""
    wrong = [f"{name} {way}: {found['tensor_bytes']:,}, reference {row['reference']['tensor_bytes']:,}"
             for name, row in rows.items() if "reference" in row
             for way, found in row.items() if found["tensor_bytes"] > row["reference"]["tensor_bytes"]]
    return verdict(model, "no file with more bytes of tensors than the reference's", wrong, rows)


def verdicts(model, rows):
    """A line for each limit."""
    presets = [f"preset {name}" for name in PRESETS]
    strong, weak = (ratios(rows, names, "calibrated") for names in (STRONG, WEAK))
    return [
        average(model, strong), above(model, "each of these types", strong, STRONG_MOST),
        above(model, f"{', '.join(WEAK)}", weak, WEAK_MOST),
        above(model, "presets", ratios(rows, presets, "calibrated"), PRESET_MOST),
        above(model, "plans of their sizes", ratios(rows, presets, "planned"), PLANNED_MOST),
        perplexities(model, rows), worsened(model, rows), larger(model, rows)]
