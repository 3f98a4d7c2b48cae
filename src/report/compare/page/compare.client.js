/* The charts of a comparison: both arms' percentiles, a chart a case. */
data.curves.forEach((curve, i) => addChart(`curve-${i}`, curveChart, curve));
