from __future__ import annotations

from datetime import date

from toolkit.data.dataset import PROJECT_DATA, Dataset, load

CROSSWALK = load(PROJECT_DATA).crosswalk


def test_every_old_and_new_commune_is_in_it(dataset: Dataset) -> None:
    old = {area.code for area in dataset.areas.all("commune", date(2025, 6, 30))}
    new = {area.code for area in dataset.areas.all("commune", date(2025, 7, 1))}
    assert {link.old_commune_code for link in CROSSWALK.links} == old
    assert {link.new_commune_code for link in CROSSWALK.links} == new
    for link in CROSSWALK.links:
        assert dataset.areas.get(link.old_commune_code, date(2025, 6, 30)).parent_code == link.old_district_code


def test_only_two_communes_were_split_and_four_span_two_districts(dataset: Dataset) -> None:
    old = {link.old_commune_code for link in CROSSWALK.links}
    assert {code for code in old if len(CROSSWALK.new_of(code)) > 1} == {"06622", "06625"}
    new = dict.fromkeys(link.new_commune_code for link in CROSSWALK.links)
    spanning = {code for code in new if len(CROSSWALK.former_districts(code)) > 1}
    names = {dataset.areas.get(code).short_name for code in spanning}
    assert names == {"Đông Kinh", "Kỳ Lừa", "Khánh Khê", "Tân Đoàn"}
    assert CROSSWALK.former_districts("06286") == ("183", "184")
    assert CROSSWALK.former_districts("99999") == ()
