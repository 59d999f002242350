"""Opens reports in headless Chromium, in the light and in the dark, on a desk, on a telephone and on
paper: no error on the console, no request but for the page, nothing wider than the window, no text
that is cut off in a chart, contrast of 4.5 to 1 for text in charts, and the same without scripts.

    report_opens.py CHROMIUM OUT REPORT.html...

Leaves screenshots and a PDF of each report in OUT, for people to look at.
"""

import pathlib
import sys

from playwright.sync_api import sync_playwright

WINDOWS = {"desk": (1280, 900, 1), "phone": (360, 780, 2)}

# what of the texts of charts in view lies outside of its chart
CUT = """() => [...document.querySelectorAll('svg.chart')]
  .filter(svg => svg.getBoundingClientRect().width > 0)
  .flatMap(svg => [...svg.querySelectorAll('text')].filter(text => {
    const [a, b] = [svg.getBoundingClientRect(), text.getBoundingClientRect()];
    return b.left < a.left - 1 || b.right > a.right + 1 || b.top < a.top - 1 || b.bottom > a.bottom + 1;
  }).map(text => text.textContent.trim()))"""

# the least contrast (WCAG 2.2) of texts, and of bars, with what is behind them
CONTRAST = """() => {
  const light = rgb => rgb.match(/[0-9.]+/g).slice(0, 3).map(Number).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = light(getComputedStyle(document.documentElement).backgroundColor);
  const ratio = color => {
    const ink = light(color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  const least = (select, key) => Math.min(...[...document.querySelectorAll(select)]
    .map(one => ratio(getComputedStyle(one)[key])));
  return [least('svg text', 'fill'), least('svg rect', 'fill'), least('p, td, th, dt, dd, a', 'color')];
}"""


def look(browser, report, out, scheme, window, scripts):
    width, height, scale = WINDOWS[window]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme=scheme,
        java_script_enabled=scripts,
    )
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(report.as_uri())
    if requests != [report.as_uri()]:
        faults.append(f"requests: {requests}")
    if page.title() != "" and "Pseudonymisation report" not in page.title():
        faults.append(f"title: {page.title()}")
    name = f"{report.stem}-{window}-{scheme}"
    if scripts:
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            faults.append(f"{wide} pixels wide")
        faults += [f"cut off: {text}" for text in page.evaluate(CUT)]
        words, bars, text = page.evaluate(CONTRAST)
        if words < 4.5 or text < 4.5 or bars < 3:
            faults.append(f"contrast: {words:.1f} {text:.1f} {bars:.1f}")
        page.screenshot(path=out / f"{name}.png", full_page=True)
    else:
        # without scripts nothing can be measured: what is seen is the same
        page.screenshot(path=out / f"{name}-plain.png", full_page=True)
        if (out / f"{name}-plain.png").read_bytes() != (out / f"{name}.png").read_bytes():
            faults.append("looks other without scripts")
    if scripts and window == "desk":
        pdf = page.pdf(format="A4", prefer_css_page_size=True)
        (out / f"{name}.pdf").write_bytes(pdf)
        if not pdf.startswith(b"%PDF-"):
            faults.append("no PDF")
    context.close()
    return [f"{name}: {fault}" for fault in faults]


def main():
    chromium, out, *reports = sys.argv[1:]
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    faults = []
    with sync_playwright() as playwright:
        # in a container there is no sandbox to be had
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for report in map(lambda name: pathlib.Path(name).resolve(), reports):
            for scheme in ("light", "dark"):
                for window in WINDOWS:
                    for scripts in (True, False):
                        faults += look(browser, report, out, scheme, window, scripts)
        browser.close()
    print("\n".join(faults) or f"{len(reports)} reports open: screenshots are in {out}")
    sys.exit(1 if faults else 0)


main()
