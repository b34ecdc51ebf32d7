#include "client/cli/layer_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/numbers.h"

namespace assay::cli {
namespace {

std::string Decibels(bool is_known, double value) {
  return is_known ? absl::StrFormat("%.1f", value) : "-";
}

// Decimals of a large number would be a column of digits.
std::string Short(std::optional<double> value, int decimals) {
  constexpr double kLarge = 1e6;
  if (!value) {
    return "-";
  }
  if (!(std::fabs(*value) < kLarge)) {
    return absl::StrFormat("%.3g", *value);
  }
  const std::string text = absl::StrFormat("%.*f", decimals, *value);
  return text.find_first_not_of("-0.") == std::string::npos && text[0] == '-' ? text.substr(1)
                                                                              : text;
}

std::string BeforeAndAfter(std::optional<double> before, std::optional<double> after,
                           int decimals) {
  const std::string first = Short(before, decimals);
  const std::string second = Short(after, decimals);
  return first == second ? first : absl::StrFormat("%s > %s", first, second);
}

// The rate, in percent of rows, that an event without a case on `num_rows` stays below with 95 %
// confidence: 1 - 0.05^(1/n), which the rule of three takes for 3 / n.
std::string BoundText(std::int64_t num_rows) {
  const double n = static_cast<double>(std::max<std::int64_t>(1, num_rows));
  return absl::StrFormat("%.2g %%", -100 * std::expm1(std::log(0.05) / n));
}

// A share below 1 never reads as 100 %.
std::string ShareText(double share) {
  constexpr int kMostDecimals = 6;
  for (int decimals = 1; decimals < kMostDecimals; ++decimals) {
    std::string text = absl::StrFormat("%.*f %%", decimals, 100 * share);
    if (share >= 1 || !text.starts_with("100")) {
      return text;
    }
  }
  return absl::StrFormat("%.*f %%", kMostDecimals, 100 * share);
}

std::string Count(std::int32_t before, std::int32_t after) {
  return before == after ? absl::StrFormat("%d", before)
                         : absl::StrFormat("%d > %d", before, after);
}

Ink InkOf(v1::LayerComparison::Tier tier) {
  switch (tier) {
    case v1::LayerComparison::IDENTICAL:
    case v1::LayerComparison::EQUIVALENT:
      return Ink::kGreen;
    case v1::LayerComparison::FORMULA_VARIANT:
    case v1::LayerComparison::QUANTIZATION_LIKE:
      return Ink::kYellow;
    default:
      return Ink::kRed;
  }
}

Table HealthTable(const v1::LayerReport& report) {
  Table table({{"ACTIVATION", Align::kLeft, true},
               {"ZERO %", Align::kRight},
               {"DEAD", Align::kRight},
               {"REVIVED", Align::kRight},
               {"MEAN", Align::kRight},
               {"STD", Align::kRight},
               {"KURTOSIS", Align::kRight},
               {"OUTLIER", Align::kRight},
               {"EFF. RANK", Align::kRight},
               {"CODES < 0", Align::kRight},
               {"|GRADIENT|", Align::kRight}});
  for (const v1::LayerComparison& layer : report.layers()) {
    if (!layer.has_baseline_health()) {
      continue;
    }
    const v1::LayerHealth& a = layer.baseline_health();
    const v1::LayerHealth& b = layer.candidate_health();
    const auto both = [&a, &b](bool (v1::LayerHealth::*has)() const,
                               double (v1::LayerHealth::*get)() const) {
      return BeforeAndAfter((a.*has)() ? std::optional((a.*get)()) : std::nullopt,
                            (b.*has)() ? std::optional((b.*get)()) : std::nullopt, 1);
    };
    table.AddRow({layer.name(), BeforeAndAfter(100 * a.zero_share(), 100 * b.zero_share(), 1),
                  Count(a.dead_units(), b.dead_units()),
                  absl::StrFormat("%d", layer.revived_units()),
                  BeforeAndAfter(a.mean(), b.mean(), 3), BeforeAndAfter(a.std(), b.std(), 3),
                  both(&v1::LayerHealth::has_kurtosis, &v1::LayerHealth::kurtosis),
                  both(&v1::LayerHealth::has_outlier_ratio, &v1::LayerHealth::outlier_ratio),
                  both(&v1::LayerHealth::has_effective_rank, &v1::LayerHealth::effective_rank),
                  BeforeAndAfter(a.negative_codes(), b.negative_codes(), 0),
                  layer.has_baseline_gradient()
                      ? BeforeAndAfter(layer.baseline_gradient(), layer.candidate_gradient(), 3)
                      : "-"});
  }
  return table;
}

std::string CountBeforeAndAfter(std::int64_t before, std::int64_t after) {
  return before == after ? CountText(before)
                         : absl::StrFormat("%s > %s", CountText(before), CountText(after));
}

// What a row costs before and after; empty against outputs of another runtime.
std::string CostLine(const v1::LayerReport& report) {
  if (!report.has_candidate_cost()) {
    return "";
  }
  const v1::ModelCost& before = report.baseline_cost();
  const v1::ModelCost& after = report.candidate_cost();
  return absl::StrFormat("A row costs %s FLOPs, %s B of weights, %s B of values\n",
                         CountBeforeAndAfter(before.flops(), after.flops()),
                         CountBeforeAndAfter(before.weight_bytes(), after.weight_bytes()),
                         CountBeforeAndAfter(before.activation_bytes(), after.activation_bytes()));
}

Table RetrievalTable(const v1::RetrievalReport& report) {
  Table table({{"SEARCH", Align::kLeft, true},
               {"P@1", Align::kRight},
               {"P@10", Align::kRight},
               {"MRR@10", Align::kRight},
               {"nDCG@10", Align::kRight},
               {"TOP-10 JACCARD", Align::kRight},
               {"TOP-1 CHANGED", Align::kRight}});
  const auto add = [&table](const char* name, const v1::RetrievalReport::Side& side) {
    table.AddRow(
        {name, absl::StrFormat("%.4f", side.precision_at_1()),
         absl::StrFormat("%.4f", side.precision_at_10()), absl::StrFormat("%.4f", side.mrr_at_10()),
         absl::StrFormat("%.4f", side.ndcg_at_10()), absl::StrFormat("%.3f", side.top10_jaccard()),
         absl::StrFormat("%d", side.top1_changed())});
  };
  add("baseline", report.baseline());
  add("candidate, index rebuilt", report.both_sides());
  add("candidate, stale index", report.stale_index());
  return table;
}

}  // namespace

std::string HealthNotes(const v1::LayerReport& report) {
  std::string notes;
  const std::string bound = BoundText(report.num_rows());
  for (const v1::LayerComparison& layer : report.layers()) {
    const v1::LayerHealth& before = layer.baseline_health();
    const v1::LayerHealth& after = layer.candidate_health();
    if (layer.revived_units() > 0) {
      notes += absl::StrFormat(
          "%s: %d units that were 0 on all %d rows (each fired on less than %s of rows, with 95 %% "
          "confidence) are not any more; what follows them was never trained for that\n",
          layer.name(), layer.revived_units(), report.num_rows(), bound);
    }
    if (after.dead_units() > 0) {
      const std::string died =
          layer.died_units() > 0
              ? absl::StrFormat(", %d of them since the change", layer.died_units())
              : "";
      notes += absl::StrFormat(
          "%s: %d of %d units are 0 on all %d rows%s: with 95 %% confidence each fires on less "
          "than "
          "%s of rows\n",
          layer.name(), after.dead_units(), after.num_units(), report.num_rows(), died, bound);
    }
    if (after.has_saturated_share()) {
      notes += absl::StrFormat(
          "%s: %.1f %% of results are saturated%s\n", layer.name(), 100 * after.saturated_share(),
          before.has_saturated_share()
              ? absl::StrFormat(", %.1f %% before", 100 * before.saturated_share())
              : "; the function before has no flat part");
    } else if (before.saturated_share() > 0) {
      notes += absl::StrFormat(
          "%s: %.1f %% of results were saturated; the function now has no flat part\n",
          layer.name(), 100 * before.saturated_share());
    }
    if (after.num_not_finite() > 0) {
      notes += absl::StrFormat("%s: %d results are NaN or infinite, %d before\n", layer.name(),
                               after.num_not_finite(), before.num_not_finite());
    }
  }
  return notes;
}

std::string_view TierText(v1::LayerComparison::Tier tier) {
  switch (tier) {
    case v1::LayerComparison::IDENTICAL:
      return "identical";
    case v1::LayerComparison::EQUIVALENT:
      return "equivalent";
    case v1::LayerComparison::FORMULA_VARIANT:
      return "formula variant";
    case v1::LayerComparison::QUANTIZATION_LIKE:
      return "quantisation-like";
    case v1::LayerComparison::BROKEN:
      return "broken";
    default:
      return "different function";
  }
}

Cell TierCell(v1::LayerComparison::Tier tier) { return {std::string(TierText(tier)), InkOf(tier)}; }

std::string NoiseText(const v1::LayerComparison& layer) {
  return layer.noise_floor() > 0 ? absl::StrFormat("%.2g", layer.max_abs() / layer.noise_floor())
                                 : "-";
}

std::string SwapSentence(const v1::NamedSwap& swap) {
  if (swap.num_tried() == 0) {
    return "no difference to name";
  }
  if (swap.name().empty() && swap.runner_up().empty()) {
    return absl::StrFormat("none of %d known swaps explains any of the difference",
                           swap.num_tried());
  }
  if (swap.name().empty()) {
    return absl::StrFormat(
        "none of %d known swaps explains the difference; the nearest, %s, explains %s of it",
        swap.num_tried(), swap.runner_up(), ShareText(swap.runner_up_explained()));
  }
  const std::string left =
      swap.has_sqnr_db() ? absl::StrFormat("to %.0f dB", swap.sqnr_db()) : "bit for bit";
  std::string next;
  if (!swap.runner_up().empty() && swap.runner_up_explained() == swap.explained()) {
    next = absl::StrFormat(
        "; %s predicts them as well, so that these rows do not tell the two "
        "apart",
        swap.runner_up());
  } else if (!swap.runner_up().empty()) {
    next = absl::StrFormat("; next best %s, %s of it", swap.runner_up(),
                           ShareText(swap.runner_up_explained()));
  }
  return absl::StrFormat("outputs are consistent with %s (it predicts them %s%s; %d swaps tried)",
                         swap.name(), left, next, swap.num_tried());
}

Table LayerTable(const v1::LayerReport& report) {
  Table table({{"LAYER", Align::kLeft, true},
               {"MAX ABS", Align::kRight},
               {"REL. L2", Align::kRight},
               {"SQNR dB", Align::kRight},
               {"WORST COS", Align::kRight},
               {"x NOISE", Align::kRight},
               {"TIER"},
               {"TIME", Align::kRight}});
  for (const v1::LayerComparison& layer : report.layers()) {
    table.AddRow(
        {layer.name(), absl::StrFormat("%.3g", layer.max_abs()),
         layer.has_relative_l2() ? absl::StrFormat("%.2g", layer.relative_l2()) : "-",
         Decibels(layer.has_sqnr_db(), layer.sqnr_db()),
         layer.has_lowest_cosine() ? absl::StrFormat("%.5f", layer.lowest_cosine()) : "-",
         NoiseText(layer), TierCell(layer.tier()),
         absl::StrFormat("%s > %s", DurationText(static_cast<double>(layer.baseline_us()) * 1e-6),
                         DurationText(static_cast<double>(layer.candidate_us()) * 1e-6))});
  }
  return table;
}

std::string LayerReportText(const Context& context, const v1::LayerReport& report) {
  const auto show = [&context](const Table& table) {
    return table.Text(context.width(), context.palette(), 2);
  };
  std::string text =
      absl::StrFormat("\nLayers, %s rows, first diverging: %s\n", CountText(report.num_rows()),
                      report.first_diverging().empty() ? "none" : report.first_diverging());
  text += show(LayerTable(report)) + CostLine(report);
  const Table health = HealthTable(report);
  if (health.num_rows() > 0) {
    text += "\nActivations, before > after\n" + show(health) + HealthNotes(report);
  }
  text += absl::StrFormat("\nSwap: %s\n", SwapSentence(report.swap()));
  if (report.has_retrieval()) {
    text += absl::StrFormat("\nSearch, %s queries in %s documents\n",
                            CountText(report.retrieval().num_queries()),
                            CountText(report.retrieval().num_documents()));
    text += show(RetrievalTable(report.retrieval()));
  }
  if (report.num_skipped() > 0) {
    text +=
        absl::StrFormat("%d rows were left out: they lack finite features\n", report.num_skipped());
  }
  return text;
}

Table DiagnosisTable(const v1::Diagnosis& diagnosis) {
  Table table({{"FINDING"}, {"CHECK"}, {"LAYER"}, {"EVIDENCE", Align::kLeft, false, true}});
  for (const v1::Diagnosis::Finding& finding : diagnosis.findings()) {
    Cell severity("warning", Ink::kYellow);
    if (finding.severity() == v1::Diagnosis::Finding::FINE) {
      severity = Cell("fine", Ink::kGreen);
    } else if (finding.severity() == v1::Diagnosis::Finding::PROBLEM) {
      severity = Cell("problem", Ink::kRed);
    }
    table.AddRow({severity, finding.check(), finding.layer(), finding.text()});
  }
  return table;
}

}  // namespace assay::cli
