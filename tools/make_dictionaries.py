# ruff: noqa: INP001 - a script, no package
"""Makes the tables in src/opentact/numbers/data. Run by hand when the numbering plan changes.

What comes from where, and under which licence, is in the README beside the tables. Usage:
`python tools/make_dictionaries.py zone.tab iso3166.tab iso_3166-1.json`.
"""

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneMetadata, timezone
from phonenumbers.geodata import GEOCODE_DATA

DATA = Path(__file__).parents[1] / "src/opentact/numbers/data"

# Area codes that overlay another one and have no places of their own in the geocoder's data.
OVERLAYS = """
202 Washington, DC; 771 Washington, DC; 220 Newark, OH; 223 Harrisburg, PA; 227 Rockville, MD
235 Jefferson City, MO; 236 Vancouver, BC; 249 Sudbury, ON; 257 Vancouver, BC; 272 Scranton, PA
273 Quebec, QC; 274 Green Bay, WI; 279 Sacramento, CA; 283 Cincinnati, OH; 324 Jacksonville, FL
326 Dayton, OH; 327 Jonesboro, AR; 329 Poughkeepsie, NY; 331 Aurora, IL; 339 Waltham, MA
341 Oakland, CA; 343 Ottawa, ON; 346 Houston, TX; 350 Stockton, CA; 351 Lowell, MA
353 Madison, WI; 354 Longueuil, QC; 363 Hempstead, NY; 364 Bowling Green, KY; 365 Hamilton, ON
367 Quebec, QC; 368 Calgary, AB; 369 Santa Rosa, CA; 380 Columbus, OH; 382 London, ON
385 Salt Lake City, UT; 424 Torrance, CA; 428 Saint John, NB; 430 Tyler, TX; 431 Winnipeg, MB
442 Oceanside, CA; 447 Springfield, IL; 448 Pensacola, FL; 458 Eugene, OR; 463 Indianapolis, IN
464 Cicero, IL; 468 Sherbrooke, QC; 470 Atlanta, GA; 472 Wilmington, NC; 474 Saskatoon, SK
475 Bridgeport, CT; 531 Omaha, NE; 534 Eau Claire, WI; 539 Tulsa, OK; 548 Kitchener, ON
551 Jersey City, NJ; 557 St. Louis, MO; 564 Olympia, WA; 567 Toledo, OH; 572 Oklahoma City, OK
579 Laval, QC; 581 Quebec, QC; 582 Erie, PA; 584 Winnipeg, MB; 587 Calgary, AB
628 San Francisco, CA; 629 Nashville, TN; 639 Regina, SK; 640 Trenton, NJ; 645 Miami, FL
647 Toronto, ON; 656 Tampa, FL; 657 Anaheim, CA; 667 Baltimore, MD; 669 San Jose, CA
672 Vancouver, BC; 680 Syracuse, NY; 681 Charleston, WV; 683 Sudbury, ON; 686 Richmond, VA
689 Orlando, FL; 725 Las Vegas, NV; 730 Belleville, IL; 737 Austin, TX; 738 Los Angeles, CA
742 Mississauga, ON; 743 Greensboro, NC; 747 Burbank, CA; 748 Fort Collins, CO; 753 Ottawa, ON
754 Fort Lauderdale, FL; 762 Augusta, GA; 782 Halifax, NS; 820 Oxnard, CA; 821 Greenville, SC
825 Calgary, AB; 826 Roanoke, VA; 835 Allentown, PA; 838 Albany, NY; 839 Columbia, SC
840 San Bernardino, CA; 848 Toms River, NJ; 854 Charleston, SC; 873 Gatineau, QC
878 Pittsburgh, PA; 879 St. John's, NL; 917 New York, NY; 929 Brooklyn, NY; 930 Evansville, IN
938 Huntsville, AL; 943 Atlanta, GA; 945 Dallas, TX; 947 Troy, MI; 948 Norfolk, VA
959 Hartford, CT; 975 Kansas City, MO; 983 Denver, CO; 984 Raleigh, NC; 986 Boise, ID
"""
RATE_CENTERS = {"Washington, DC": "WSHNGTNZN1", "New York, NY": "NWYRCYZN01"}


def overlays() -> dict[str, str]:
    entries = re.split(r"[;\n]", OVERLAYS.strip())
    return {entry.strip()[:3]: entry.strip()[4:] for entry in entries}


def main_place(npa: str) -> str:
    """Name the place with the most prefixes in the area code."""
    places = Counter(
        names["en"]
        for prefix, names in GEOCODE_DATA.items()
        if prefix.startswith(f"1{npa}") and ", " in names.get("en", "")
    )
    return places.most_common(1)[0][0]


def rate_center(place: str) -> str:
    """Squeeze a city's name as rate centres are written: ten capital letters at most."""
    city = place.rpartition(", ")[0]
    return RATE_CENTERS.get(place) or re.sub(r"[^A-Z0-9]", "", city.upper())[:10]


def area_codes() -> Iterable[tuple[str, ...]]:
    known = overlays()
    for region in ("US", "CA"):
        pattern = _fixed_line(region)
        for npa in map(str, range(200, 1000)):
            number = f"{npa}5550100"
            if not re.fullmatch(pattern, number):
                continue
            place = known.get(npa) or main_place(npa)
            city, _, state = place.rpartition(", ")
            zone = timezone.time_zones_for_number(phonenumbers.parse(f"+1{number}"))[0]
            yield npa, region, state, city, rate_center(place), zone


def _fixed_line(region: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(region)
    described = metadata.fixed_line if metadata else None
    return str(described.national_number_pattern if described else "")


def countries(names: Path, codes: Path) -> Iterable[tuple[str, ...]]:
    iso = {row["alpha_2"]: row for row in json.loads(codes.read_text(encoding="utf-8"))["3166-1"]}
    for a2, name in rows(names):
        calling = phonenumbers.country_code_for_region(a2)
        yield a2, iso[a2]["alpha_3"], str(int(iso[a2]["numeric"])), name, str(calling or "")


def zones(table: Path) -> Iterable[tuple[str, ...]]:
    for country, place, name, *note in rows(table):
        sign = re.fullmatch(r"([+-]\d+)([+-]\d+)", place)
        if sign is None:
            raise ValueError(f"no coordinates: {place}")
        yield country, name, degrees(sign[1]), degrees(sign[2]), *(note or [""])


def degrees(text: str) -> str:
    """Turn ISO 6709 `+404251` or `-0740023` into decimal degrees."""
    whole = 3 if len(text) in {6, 8} else 2
    digits = text[1:]
    minutes = int(digits[whole : whole + 2]) + int(digits[whole + 2 :] or 0) / 60
    return f"{text[0].strip('+')}{int(digits[:whole]) + minutes / 60:.4f}"


def rows(table: Path) -> Iterable[list[str]]:
    for line in table.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def write(name: str, header: Sequence[str], lines: Iterable[tuple[str, ...]]) -> None:
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(sorted(lines))


def main(zone_tab: Path, iso_names: Path, iso_codes: Path) -> None:
    write("nanp.csv", ("npa", "country", "state", "city", "rate_center", "zone"), area_codes())
    write("countries.csv", ("a2", "a3", "n", "name", "code"), countries(iso_names, iso_codes))
    write("zones.csv", ("country", "name", "latitude", "longitude", "note"), zones(zone_tab))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
