// Draws the numbers of a table over time. The table stays: who cannot see the chart, or has no script, reads it.
"use strict";

customElements.define("time-chart", class extends HTMLElement {
  connectedCallback() {
    this.table = document.getElementById(this.getAttribute("for"));
    const heads = [...this.table.tHead.rows[0].cells].slice(1);
    const rows = [...this.table.tBodies[0].rows];
    const value = (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value));
    this.times = rows.map((row) => new Date(row.cells[0].querySelector("time").dateTime) / 1000);
    this.lines = heads.map((head, at) => ({
      name: head.textContent,
      colour: head.dataset.colour,
      values: rows.map((row) => value(row.cells[at + 1])),
    }));
    this.hidden = false;
    this.draw();
    this.sizes = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.sizes.observe(this);
    this.themes = new MutationObserver(() => this.draw());
    this.themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.system = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.system.addEventListener("change", this.redraw);
    this.addEventListener("keydown", (event) => this.onkey(event));
  }

  disconnectedCallback() {
    this.sizes?.disconnect();
    this.themes?.disconnect();
    this.system?.removeEventListener("change", this.redraw);
    this.plot?.destroy();
  }

  size() { return { width: Math.max(this.clientWidth, 200), height: Number(this.dataset.height ?? 180) }; }

  // A custom property as the colour that it comes to in the theme of the moment.
  colour(name) {
    this.style.color = `var(${name})`;
    const colour = getComputedStyle(this).color;
    this.style.color = "";
    return colour;
  }

  format(value) {
    if (value === null || value === undefined) return "–";
    const unit = this.dataset.unit;
    if (unit === "%") return `${(value * 100).toFixed(1)} %`;
    if (unit === "ms") return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
    return value.toLocaleString("en");
  }

  // Ticks of the time axis, in UTC as everything on the pages: the hour, and the day where one begins.
  ticks(ticks, distance) {
    const day = { day: "numeric", month: "short", timeZone: "UTC" };
    const hour = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" };
    return ticks.map((tick) => {
      const time = new Date(tick * 1000);
      const isDay = distance >= 86_400 || tick % 86_400 === 0;
      return time.toLocaleString("en-GB", isDay ? day : hour);
    });
  }

  // A value between two that are not there is no line: it gets a point.
  alone(values) {
    const isGap = (at) => values[at] === null || values[at] === undefined;
    return values.flatMap((value, at) => (!isGap(at) && isGap(at - 1) && isGap(at + 1) ? [at] : []));
  }

  draw() {
    this.plot?.destroy();
    const bars = this.dataset.kind === "bars";
    const [ink, line] = [this.colour("--quiet"), this.colour("--line")];
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui" };
    const step = this.step = this.times.length > 1 ? this.times[1] - this.times[0] : 300;
    this.plot = new uPlot({
      ...this.size(),
      padding: [8, 20, 0, 0],
      cursor: { drag: { x: this.dataset.brush !== undefined, y: false, setScale: false }, points: { show: !bars } },
      legend: { live: true },
      scales: { x: { range: (plot, low, high) => [low, high + (bars ? step : 0)] }, y: { range: (plot, low, high) => [0, Math.max(high, this.dataset.unit === "%" ? 1 : 4)] } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      axes: [{ ...axis, values: (plot, ticks, _axis, _space, distance) => this.ticks(ticks, distance) }, { ...axis, size: 64, values: (plot, ticks) => ticks.map((tick) => this.format(tick)) }],
      series: [
        { label: "Time", value: (plot, at) => (at === null ? "–" : new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ")) },
        ...this.lines.map(({ name, colour, values }) => ({
          label: name,
          value: (plot, value) => this.format(value),
          stroke: this.colour(colour),
          fill: bars ? this.colour(colour) : undefined,
          width: bars ? 0 : 1.5,
          spanGaps: false,
          points: { show: !bars, size: 4, filter: () => this.alone(values) },
          paths: bars ? uPlot.paths.bars({ size: [0.85, 40, 2], align: 1 }) : undefined,
        })),
      ],
      hooks: {
        setSelect: [(plot) => {
          if (plot.select.width < 4) return;
          const from = plot.posToVal(plot.select.left, "x");
          this.choose(from, plot.posToVal(plot.select.left + plot.select.width, "x") + (bars ? step : 0));
        }],
      },
    }, [this.times, ...this.lines.map(({ values }) => values)], this);
    this.plot.over.addEventListener("dblclick", () => this.choose());
  }

  // The list of what was selected: the search with these times instead of those it had.
  choose(from, to) {
    if (this.dataset.brush === undefined) return;
    const address = new URL(this.dataset.brush, location.href);
    const kept = (address.searchParams.get("q") ?? "").replaceAll(/(^|\s)(since|until):\S+/g, "").trim();
    const text = (seconds) => new Date(seconds * 1000).toISOString().replace(/\.\d+/, "");
    const span = from === undefined ? "" : ` since:"${text(from)}" until:"${text(to)}"`;
    address.searchParams.set("q", (kept + span).trim());
    location.assign(address);
  }

  // Arrows move, with Shift they select, Enter takes what is selected.
  onkey(event) {
    const last = this.times.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined && this.dataset.brush !== undefined) {
      event.preventDefault();
      this.at = Math.min(Math.max((this.at ?? last) + step, 0), last);
      if (!event.shiftKey) this.from = this.at;
      const [left, right] = [this.from ?? this.at, this.at].sort((a, b) => a - b).map((at) => this.plot.valToPos(this.times[at], "x"));
      this.plot.setSelect({ left, width: Math.max(right - left, 2), top: 0, height: this.plot.over.clientHeight }, false);
      this.plot.setCursor({ left: this.plot.valToPos(this.times[this.at], "x"), top: 10 });
    } else if (event.key === "Enter" && this.at !== undefined) {
      const [first, end] = [this.from ?? this.at, this.at].sort((a, b) => a - b);
      this.choose(this.times[first], this.times[end] + this.step);
    }
  }
});
