// Draws what the page's JSON holds: curves over the steps, and the runs of a study by two values. Dragging shows a part,
// two clicks show all. Its greys and colours can be read on light and on dark.
"use strict";
const GREY = "#888", LINE = { stroke: "rgba(136, 136, 136, .25)", width: 1 };
const colour = (number) => `hsl(${(210 + 137.5 * number) % 360}, 65%, 50%)`;
const text = (value) =>
  value === null || value === undefined ? "–"
  : value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e7) ? value.toExponential(3)
  : value.toLocaleString("en", { maximumSignificantDigits: 5 });
const axis = (more) => ({ stroke: GREY, grid: LINE, ticks: LINE, values: (_, all) => all.map((v) => v === null ? "" : text(v)), ...more });

function draw(place, options, data) {
  const size = () => ({ width: place.clientWidth, height: options.height });
  const plot = new uPlot({ ...options, ...size() }, data, place);
  const watcher = new ResizeObserver(() => plot.setSize(size()));
  watcher.observe(place);
  return () => { watcher.disconnect(); plot.destroy(); };
}

function curve(holder) {
  const { name, steps, values, dots } = JSON.parse(holder.textContent);
  draw(holder.previousElementSibling, {
    height: 190,
    scales: { x: { time: false } },
    cursor: { sync: { key: "steps" } },
    axes: [axis({ space: 70 }), axis({ size: 62 })],
    series: [
      { label: "step", value: (_, v) => text(v) },
      { label: name, stroke: colour(0), width: 1.5, points: dots ? { show: true, size: 6 } : undefined, value: (_, v) => text(v) },
    ],
  }, [steps, values]);
}

// A scale for values of which some may be many times the others: logarithmic then.
function scale(values) {
  const low = Math.min(...values), high = Math.max(...values), log = low > 0 && high > 20 * low;
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  return { time: false, distr: log ? 3 : 1, range: log ? [low / 1.3, high * 1.3] : [low - margin, high + margin] };
}

function compare(section) {
  const { columns, rows, runs } = JSON.parse(section.querySelector("script").textContent);
  const [across, up] = section.querySelectorAll("select"), place = section.querySelector(".chart");
  let clear = () => {};
  const show = () => {
    clear();
    const [x, y] = [across.value, up.value];
    const shown = runs.filter((run) => run[x] !== undefined && run[y] !== undefined).sort((a, b) => a[x] - b[x]);
    section.querySelector("output").textContent = shown.length ? "" : "No run has both values.";
    if (!shown.length) return;
    const places = []; // {x, of: row -> y}: rows with the same x share one, so that a look at it reads them all
    for (const run of shown) {
      const free = places.find((one) => one.x === run[x] && !one.of.has(run.row));
      if (free) free.of.set(run.row, run[y]);
      else places.push({ x: run[x], of: new Map([[run.row, run[y]]]) });
    }
    const present = rows.filter((row) => shown.some((run) => run.row === row));
    clear = draw(place, {
      height: 380,
      scales: { x: scale(shown.map((run) => run[x])), y: scale(shown.map((run) => run[y])) },
      cursor: { drag: { x: true, y: true } },
      axes: [axis({ label: columns[x], space: 80 }), axis({ label: columns[y], size: 75 })],
      series: [
        { label: columns[x], value: (_, v) => text(v) },
        ...present.map((row, number) => ({
          label: row, stroke: colour(rows.indexOf(row)), paths: () => null, value: (_, v) => text(v),
          points: { show: true, size: 14 - (6 * number) / present.length, fill: colour(rows.indexOf(row)) }, // rings where two meet
        })),
      ],
    }, [places.map((one) => one.x), ...present.map((row) => places.map((one) => one.of.get(row) ?? null))]);
  };
  across.addEventListener("change", show);
  up.addEventListener("change", show);
  show();
}

document.querySelectorAll("script.curve").forEach(curve);
document.querySelectorAll(".compare").forEach(compare);
