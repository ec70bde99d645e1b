// Draws every <div class="chart" data-chart="name" data-option="…">: an ECharts option as JSON. It is no script element of its
// own, as those are left out of pieces of a page that are swapped in. Colours come from the style sheet, so that a chart follows the theme. Tooltips are drawn, not HTML: the
// page's policy lets no style into markup.
const palette = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `--series-${number}`);

function themed(option) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { axisLine: { lineStyle: { color: colour("--line") } }, axisLabel: { color: colour("--muted") }, splitLine: { lineStyle: { color: colour("--line") } } };
  const axes = (given) => (given === undefined ? undefined : [given].flat().map((each) => ({ ...axis, ...each })));
  return {
    color: palette.map(colour),
    backgroundColor: "transparent",
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { color: colour("--ink"), fontFamily: style.getPropertyValue("--sans") },
    grid: { left: 8, right: 16, top: option.legend ? 40 : 12, bottom: option.dataZoom?.some((each) => each.type === "slider") ? 36 : 8, containLabel: true },
    aria: { enabled: true },
    ...option,
    // the last label does not stick out of the drawing
    xAxis: axes(option.xAxis)?.map((each) => ({ ...each, axisLabel: { ...each.axisLabel, hideOverlap: true, alignMaxLabel: "right" } })),
    yAxis: axes(option.yAxis),
    // a series may name its colour
    series: [option.series ?? []].flat().map((each) => (each.token ? { ...each, itemStyle: { color: colour(each.token) } } : each)),
    dataZoom: option.dataZoom?.map((each) => (each.type === "slider" ? { height: 20, bottom: 4, borderColor: colour("--line"), textStyle: { color: colour("--muted") }, ...each } : each)),
    legend: option.legend && { type: "scroll", top: 0, left: 0, textStyle: { color: colour("--ink") }, ...option.legend },
    tooltip: option.tooltip && { trigger: "axis", ...option.tooltip, renderMode: "richText", confine: true, backgroundColor: colour("--surface"), borderColor: colour("--line"), textStyle: { color: colour("--ink") } },
  };
}

function draw(element) {
  const option = JSON.parse(element.dataset.option);
  const chart = echarts.getInstanceByDom(element) ?? echarts.init(element, null, { renderer: "canvas" });
  chart.setOption(themed(option), true);
  return chart;
}

export function drawAll(root = document) {
  for (const element of root.querySelectorAll("[data-chart]")) draw(element);
}

drawAll();
addEventListener("resize", () => {
  for (const element of document.querySelectorAll("[data-chart]")) echarts.getInstanceByDom(element)?.resize();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
document.addEventListener("htmx:afterSwap", (event) => drawAll(event.target));
