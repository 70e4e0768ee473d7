"""The page about a sweep."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from o3sim.cli.app import app
from o3sim.errors import InputError
from o3sim.report.page.page import page_of
from o3sim.results.comparison import compare
from o3sim.results.document import to_json
from tests.report.browser import needs_browser, use
from tests.report.plot.tables import RESULTS, write_tables
from tests.sample_runs import result


def test_a_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    page = page_of(write_tables(tmp_path))
    assert page.count("<svg") >= 4
    assert not re.search(r"""(src|href)=["'](?!#)|@import|url\((?!#)""", page)


def test_a_browser_lets_the_page_run_its_own_script_only(tmp_path: Path) -> None:
    page = page_of(write_tables(tmp_path))
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert found is not None
    assert page.index("<meta http-equiv") < page.index("<title>")
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    rules = dict(rule.split(maxsplit=1) for rule in unescape(found[1]).split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not re.search(r"\son\w+=|javascript:", page)


@pytest.mark.parametrize("cell", ["nan", "inf", "-1e999", "=1+1", "\u202e"])
def test_odd_cells_are_shown_as_they_are(tmp_path: Path, cell: str) -> None:
    page = page_of(write_tables(tmp_path, RESULTS.replace(",net,", f",{cell},")))
    assert f"<td>{cell}</td>" in page


def test_the_same_tables_make_the_same_page(tmp_path: Path) -> None:
    write_tables(tmp_path)
    assert page_of(tmp_path) == page_of(tmp_path)


def test_what_differs_is_apart_from_what_does_not(tmp_path: Path) -> None:
    page = page_of(write_tables(tmp_path))
    differs, _, rest = page.partition("What is the same")
    assert "<td>scheduler.policy</td><td>in_order, out_of_order</td>" in differs
    assert "<td>pe.count</td><td>16, 32, 64</td>" in differs
    assert "too large" in rest  # why a point failed


def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    write_tables(tmp_path, RESULTS.replace(",net,", ",<script>alert(1)</script>,"))
    (tmp_path / "sweep.yaml").write_text("name: <b>x</b>\n")
    page = page_of(tmp_path)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "name: &lt;b&gt;" in page


def test_networks_that_are_made_up_are_called_so(tmp_path: Path) -> None:
    head, *rows = RESULTS.splitlines()
    text = "\n".join([f"{head},synthetic", *(f"{row},parameters+images" for row in rows)]) + "\n"
    assert "synthetic parameters and images" in page_of(write_tables(tmp_path, text))


def test_the_command_writes_the_page_into_the_folder(tmp_path: Path) -> None:
    write_tables(tmp_path)
    done = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
@needs_browser
def test_a_click_on_a_heading_sorts(tmp_path: Path) -> None:
    script = (
        "const head = [...document.querySelectorAll('table.sorts th')]"
        ".find(cell => cell.textContent.startsWith('cycles per')); head.click();"
    )
    seen = use(page_of(write_tables(tmp_path)), script, tmp_path)
    table = seen.dom[seen.dom.index('<table class="sorts">') :]
    points = re.findall(r'<tr><td class="number">(\d)</td>', table)
    assert points[:6] == ["2", "1", "5", "0", "4", "3"]
    assert seen.console == []


@pytest.mark.parametrize("cell", ["", "many", "nan", "1e999"])
def test_a_table_of_layers_with_odd_cells_is_left_out(tmp_path: Path, cell: str) -> None:
    whole = page_of(write_tables(tmp_path))
    layers = tmp_path / "layers.csv"
    layers.write_text(layers.read_text().replace(",100,", f",{cell},", 1))
    assert page_of(tmp_path).count("<svg") == whole.count("<svg") - 1
    done = CliRunner().invoke(
        app, ["plot", "pruning", str(tmp_path), "--where", "point=0", "-o", str(tmp_path / "p.svg")]
    )
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == f"layers.csv: column `edges.total` has `{cell}` in it: not a number"


def test_the_fastest_of_many_points_and_numbers_in_groups(tmp_path: Path) -> None:
    head, *rows = RESULTS.splitlines()
    many = [row.replace(row[0], str(point), 1) for point in range(7, 40) for row in rows[:1]]
    odd = [row.replace(",400,200.0,", ",400,fast,") for row in many]
    for lines in (many, odd):
        text = "\n".join([head, *lines]).replace("in_order", '"1,000"') + "\n"
        assert '<td class="number">1,000</td>' in page_of(write_tables(tmp_path, text))


def test_a_page_has_the_title_that_the_study_gives_itself(tmp_path: Path) -> None:
    write_tables(tmp_path)
    assert f"<h1>{tmp_path.name}</h1>" in page_of(tmp_path)
    (tmp_path / "sweep.yaml").write_text("name: queues & PEs\ndescription: How deep.\naxes: {}\n")
    page = page_of(tmp_path)
    assert "<title>o3sim: queues &amp; PEs</title>" in page
    assert "<h1>queues &amp; PEs</h1>\n<p>How deep.</p>" in page
    for damaged in ("name: [", "name: {a: 1}\n", "- 1\n", "name: ''\n"):
        (tmp_path / "sweep.yaml").write_text(damaged)
        assert f"<h1>{tmp_path.name}</h1>" in page_of(tmp_path)


def compared(folder: Path) -> Path:
    main = result()
    others = [compare(main, result(name, scale)) for name, scale in (("dense", 2), ("<i>odd</i>", 3))]
    (folder / "result.json").write_text(to_json(main, others))
    return folder / "result.json"


def test_machines_that_were_compared_have_the_same_page(tmp_path: Path) -> None:
    path = compared(tmp_path)
    done = CliRunner().invoke(app, ["report", str(path)])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "result.html").read_text()
    assert page == page_of(path)
    assert "<h1>o3bnn on fashion-vgg</h1>\n<p>2 images, beside dense, &lt;i&gt;odd&lt;/i&gt;</p>" in page
    assert "<p>3 runs</p>" in page
    for caption in ("Speed-up over dense", "Cycles of an image by what PEs did", "images one by one"):
        assert f"<figcaption>{caption}" in page or caption in page
    assert page.count("<figure><svg") == 6
    assert "<i>odd" not in page
    assert "<td>architecture</td><td>o3bnn, dense, " in page


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("per_image",), []),
        (("per_image", 0, "cycles"), "x"),
        (("latency_us",), 0),
        (("configuration", "clock_mhz"), -1),
        (("configuration", "pe"), None),
        (("compare", 0, "images"), 1),
        (("pipeline",), 3),
    ],
)
def test_damaged_results_are_refused_in_one_line(
    tmp_path: Path, keys: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(compared(tmp_path).read_text())
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="not a whole result"):
        page_of(tmp_path / "result.json")


@pytest.mark.parametrize(
    ("key", "value"), [("edges", None), ("energy_pj", {"pe": [1]}), ("cycles_per_image", "x")]
)
def test_odd_figures_of_a_result_leave_figures_out(tmp_path: Path, key: str, value: object) -> None:
    document = json.loads(compared(tmp_path).read_text())
    document[key] = value
    (tmp_path / "result.json").write_text(json.dumps(document))
    assert page_of(tmp_path / "result.json").startswith("<!DOCTYPE html>")


def test_a_result_of_one_run_has_a_page_too(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(to_json(result(), []))
    page = page_of(tmp_path / "one.json")
    assert "<p>1 runs</p>" not in page
    assert "<p>1 run</p>" in page


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema_version": 1}', "not JSON"])
def test_what_is_no_result_has_no_page(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    done = CliRunner().invoke(app, ["report", str(tmp_path / "r.json")])
    assert isinstance(done.exception, InputError)
    assert not (tmp_path / "r.html").exists()
    missing = CliRunner().invoke(app, ["report", str(tmp_path / "none")])
    assert "no such folder or file" in str(missing.exception)


USES = """
{
  const fields = [...document.querySelectorAll("table.sorts input")], said = {};
  const rows = () => [...document.querySelectorAll("table.sorts tbody tr")].filter(row => !row.hidden)
    .map(row => row.cells[0].textContent).join("");
  const set = (name, text) => {
    const field = fields.find(each => each.getAttribute("aria-label").startsWith("filter " + name));
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };
  const points = () => document.querySelectorAll("#explorer circle");
  said.all = rows();
  for (const wanted of ["<=16", ">16", "=32", "20..70", "6"]) {
    set("PE count", wanted);
    said[wanted] = rows();
  }
  set("architecture", "B");
  said.both = rows();
  said.count = document.getElementById("count").textContent;
  said.points = points().length;
  points()[0].dispatchEvent(new Event("pointerenter"));
  said.hover = document.getElementById("hover").textContent;
  points()[0].dispatchEvent(new Event("pointerleave"));
  said.gone = document.getElementById("hover").hidden;
  points()[0].dispatchEvent(new Event("click"));
  said.chosen = document.querySelector("tr.chosen").cells[0].textContent;
  const page = document.body.clientWidth - 2 * parseFloat(getComputedStyle(document.body).paddingLeft);
  said.across = [...document.querySelectorAll("figure svg, #explorer svg")]
    .every(svg => Math.abs(svg.getBoundingClientRect().width - page) < 2);
  said.overflow = document.documentElement.scrollWidth > innerWidth;
  document.title = JSON.stringify(said);
}
"""


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [1300, 500])
def test_the_table_filters_and_points_say_what_they_are(tmp_path: Path, width: int) -> None:
    seen = use(page_of(write_tables(tmp_path)), USES, tmp_path, width)
    assert seen.console == []
    title = re.search(r"<title>(.*?)</title>", seen.dom)
    assert title is not None
    said = json.loads(unescape(title[1]))
    assert said.pop("hover") == (
        "point 3\narchitecture: b\nPE count: 16\nenergy of an image (pJ): 9\ncycles per image: 400"
    )
    assert said == {
        "all": "012345",
        "<=16": "03",
        ">16": "1245",
        "=32": "14",
        "20..70": "1245",
        "6": "0235",
        "both": "35",
        "count": "2 of 6 shown.",
        "points": 2,
        "gone": True,
        "chosen": "3",
        "across": True,
        "overflow": False,
    }
