// What a page does by itself: charts out of its tables, and what changes as it changes.
// Without this module every page still shows and does everything.

const body = document.body;
const live = document.querySelector(".live");
const said = document.querySelector("#said");
const BEAT = 20_000; // the server says something every few seconds
const READINGS = 2_000; // points that a chart keeps

/* Times, in the reader's own zone */

const clock = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
});

function tell(element) {
  element.textContent = clock.format(new Date(element.dateTime));
  element.title = element.dateTime;
}

function timeOf(moment) {
  const element = document.createElement("time");
  element.dateTime = moment;
  tell(element);
  return element;
}

const figure = (value) => String(Number(value.toPrecision(6)));

/* Charts: Chart.js draws what the table beside it says. */

const charts = new Map();

function colours(box) {
  // Custom properties come unresolved; those of the box itself are colours.
  const style = getComputedStyle(box);
  return {
    text: style.color,
    line: style.borderTopColor,
    band: style.textDecorationColor,
    mean: style.outlineColor,
  };
}

function draw(section) {
  const { series: metric, unit, range, step } = section.dataset;
  const box = section.querySelector(".chart");
  const points = [...section.querySelectorAll("tbody tr")].reverse().map((row) => {
    const [mean, min = mean, max = mean] = [...row.querySelectorAll(".figure")].map(
      (cell) => Number(cell.textContent),
    );
    return { x: Date.parse(row.querySelector("time").dateTime), mean, min, max };
  });
  box.classList.add("drawn");
  const seconds = Number(range);
  const dataset = (key, more) => ({
    label: key,
    data: points,
    parsing: { xAxisKey: "x", yAxisKey: key },
    pointRadius: points.length > 60 ? 0 : 2,
    borderWidth: key === "mean" ? 2 : 0,
    ...more,
  });
  const chart = new Chart(box.querySelector("canvas"), {
    type: "line",
    data: {
      datasets: [
        dataset("mean"),
        dataset("max", { fill: "+1", pointRadius: 0 }),
        dataset("min", { pointRadius: 0 }),
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      plugins: {
        legend: { display: false },
        tooltip: {
          filter: (item) => item.datasetIndex === 0 || Number(step) > 0,
          callbacks: {
            label: (item) => `${item.dataset.label} ${figure(item.parsed.y)} ${unit}`,
            title: ([item]) => (item ? clock.format(item.parsed.x) : ""),
          },
        },
      },
      scales: {
        x: {
          type: "time",
          time: {
            displayFormats: {
              second: "HH:mm:ss",
              minute: "HH:mm",
              hour: "HH:mm",
              day: "d MMM",
            },
          },
          ticks: { maxRotation: 0, autoSkipPadding: 24 },
        },
        y: { ticks: { maxTicksLimit: 6 } },
      },
    },
  });
  const made = { chart, box, points, seconds, step: Number(step), section };
  paint(made);
  charts.set(metric, made);
}

function paint({ chart, box, seconds }) {
  const { text, line, band, mean } = colours(box);
  const [means, most, least] = chart.data.datasets;
  Object.assign(means, { borderColor: mean, backgroundColor: mean });
  Object.assign(most, { borderColor: band, backgroundColor: band });
  Object.assign(least, { borderColor: band, backgroundColor: band });
  for (const scale of Object.values(chart.options.scales)) {
    scale.ticks.color = text;
    scale.grid = { color: line };
    scale.border = { color: line };
  }
  move(chart, seconds);
}

function move(chart, seconds) {
  chart.options.scales.x.max = Date.now();
  chart.options.scales.x.min = Date.now() - seconds * 1000;
  chart.update();
}

function grow({ points, seconds, step, section }, { time, value }) {
  const x = Date.parse(time);
  const last = points.at(-1);
  if (last && x <= (last.till ?? last.x)) return; // it is there already
  if (last?.till && x < last.x + step * 1000) {
    // One more reading of a span that is under way.
    last.count += 1;
    last.mean += (value - last.mean) / last.count;
    last.min = Math.min(last.min, value);
    last.max = Math.max(last.max, value);
    last.till = x;
  } else {
    points.push({ x, mean: value, min: value, max: value, count: 1, till: x });
  }
  const oldest = Date.now() - seconds * 1000;
  while (points.length > READINGS || points[0].x < oldest) points.shift();
  const rows = section.querySelector("tbody");
  if (step === 0 && rows) {
    const row = rows.insertRow(0);
    row.insertCell().append(timeOf(time));
    const cell = row.insertCell();
    cell.className = "figure";
    cell.textContent = figure(value);
    while (rows.rows.length > READINGS) rows.deleteRow(-1);
  }
}

/* What comes from the server */

function within(device, selector) {
  const places = document.querySelectorAll(`[data-device="${CSS.escape(device)}"]`);
  return [...places].flatMap((place) => [...place.querySelectorAll(selector)]);
}

function item({ metric, value, unit }) {
  const place = document.createElement("span");
  place.className = "number";
  place.dataset.metric = metric;
  place.textContent = figure(value);
  const made = document.createElement("li");
  made.append(`${metric} `, place, ` ${unit}`);
  return made;
}

function show(state, name) {
  state.dataset.state = name;
  state.textContent = name;
}

function take({ values, devices, commands, alerts, open, counts }) {
  for (const one of values) {
    const metric = CSS.escape(one.metric);
    for (const place of within(one.device_id, `[data-metric="${metric}"]`)) {
      place.textContent = figure(one.value);
    }
    // A row that was there before the first value of a metric gets a place for it.
    if (!within(one.device_id, `[data-metric="${metric}"]`).length) {
      for (const list of within(one.device_id, ".values")) list.append(item(one));
    }
    for (const place of within(one.device_id, `[data-time="${metric}"]`)) {
      place.replaceChildren(timeOf(one.time));
    }
    if (charts.has(one.metric)) grow(charts.get(one.metric), one);
  }
  for (const { id, status, seen } of devices) {
    for (const state of within(id, ".state[data-state]")) {
      if (!state.closest("[data-command]")) show(state, status);
    }
    for (const place of within(id, "[data-seen]")) {
      if (seen) place.replaceChildren(timeOf(seen));
    }
  }
  for (const { id, status, detail } of commands) {
    const row = document.querySelector(`[data-command="${CSS.escape(id)}"]`);
    if (!row) continue;
    show(row.querySelector(".state"), status);
    row.querySelector("[data-detail]").textContent = detail;
  }
  for (const { device_id: device, status, rule } of alerts) {
    if (status === "open") say(`Alert on ${device}: ${rule}`);
  }
  for (const [name, number] of Object.entries({ ...counts, alerts: open })) {
    const count = document.querySelector(`[data-count="${name}"]`);
    if (count) count.textContent = number;
  }
  const place = document.querySelector("#alerts");
  if (place && (alerts.length || open !== Number(place.dataset.open))) freshen("#alerts");
  for (const each of charts.values()) move(each.chart, each.seconds);
}

// Only what is new is said: a screen reader reads what is added to the log.
function say(text) {
  const line = document.createElement("p");
  line.textContent = text;
  said?.append(line);
  while (said?.childElementCount > 5) said.firstElementChild.remove();
}

// Take a part of the page from the server again: it alone knows how that is written.
async function freshen(selector) {
  // The notice that waits is for the page that is being opened, not for this.
  const answer = await fetch(location.href, { headers: { "X-Part": "1" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
  if (!old || !fresh || old.contains(document.activeElement)) return;
  for (const time of fresh.querySelectorAll("time")) tell(time);
  old.replaceWith(fresh);
}

/* The connection */

function state(name, text) {
  if (!live || live.dataset.state === name) return;
  live.hidden = false;
  live.dataset.state = name;
  live.textContent = text;
}

function connect() {
  const address = new URL(body.dataset.live, location.href);
  address.searchParams.set("since", body.dataset.since);
  const source = new EventSource(address);
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      source.close();
      state("off", "Connection lost, trying again");
      connect();
    }, BEAT);
  };
  const on = (name, act) =>
    source.addEventListener(name, (event) => {
      alive();
      if (event.lastEventId) body.dataset.since = event.lastEventId;
      act(JSON.parse(event.data));
    });
  on("hello", () => state("on", "Live"));
  on("beat", () => {});
  on("update", take);
  on("reload", () => {
    source.close();
    location.reload();
  });
  on("end", () => {
    clearTimeout(timer);
    source.close();
    state("off", "Your session has ended: log in again");
  });
  source.onerror = () => {
    const closed = source.readyState === EventSource.CLOSED;
    if (closed) clearTimeout(timer);
    state("off", closed ? "Not live: load the page again" : "Connection lost, trying again");
  };
  addEventListener("pagehide", () => source.close(), { once: true });
}

document.querySelectorAll("time").forEach(tell);
if (globalThis.Chart) {
  document.querySelectorAll("[data-series]").forEach(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    charts.forEach(paint),
  );
}
if (body.dataset.live) connect();
