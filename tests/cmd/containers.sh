# SPDX-License-Identifier: Apache-2.0
# What the wallets mail goes in as it came: zips, protected ones, workbooks. Each bill in a zip has its line in the report.
. "$(dirname "$0")/lib.sh"
make_bill
data=$here/../ledger/data
zipped=$data/wechat-2019-aes256.zip
book=$data/wechat-two-sheets-header18.xlsx

expect 1 import "$zipped" --json
holds 'd["error"]["code"] == "bad_key" and "--password" in d["error"]["message"] and len(d["files"]) == 1'
expect 1 import "$zipped" --password 314159 --json
holds 'd["error"]["code"] == "bad_key" and "314159" not in str(d)'
expect 1 --lang zh import "$zipped"
grep -q '密码' "$work/err" || fail "no sentence in Chinese"
expect 0 ledger --json
holds 'd["total"] == 0'
expect 0 import "$zipped" --password 271828 --json
holds 'len(d["files"]) == 1 and d["files"][0]["file"].endswith("aes256.zip/微信支付账单(20190926-20190926).csv")'
holds 'd["imported"] == 2 and d["files"][0]["format"] == "wechat" and d["files"][0]["imported"] == 2'
expect 0 import "$data/wechat-2019.csv" --json
holds 'd["imported"] == 0 and d["duplicates"] == 2'
expect 0 erase --all --yes

expect 0 import "$book" --json
holds 'd["imported"] == 27 and len(d["files"]) == 1 and d["files"][0]["skipped"] == [] and d["files"][0]["error"] is None'
expect 0 spend --json
holds 'd["minor"] == 290453'
expect 0 import "$data/wechat-csv-header17.csv" --json
holds 'd["imported"] == 0'
"$tael" import - --json <"$book" >"$work/out" 2>"$work/err" || fail "a workbook from standard input"
holds 'd["imported"] == 0'
expect 0 erase --all --yes

# A zip that a person made: a folder, two bills, something else, and one that fails without keeping the others out.
python3 - "$work" "$book" <<'PYTHON'
import sys, zipfile
work, book = sys.argv[1:]
with zipfile.ZipFile(work + "/all.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("账单/", "")
    z.write(work + "/bill.csv", "账单/alipay.csv")
    z.write(book, "账单/wechat.xlsx")
    z.writestr("账单/读我.md", "nothing")
    z.writestr("__MACOSX/账单/._alipay.csv", "nothing")
with zipfile.ZipFile(work + "/all.zip") as a, zipfile.ZipFile(work + "/bad.zip", "w") as z:
    z.writestr("other.csv", "a,b\n1,2\n")
    z.writestr("bill.csv", a.read("账单/alipay.csv"))
with zipfile.ZipFile(work + "/none.zip", "w") as z:
    z.writestr("a.md", "nothing")
PYTHON
expect 0 import "$work/all.zip" --dry-run --json
holds 'd["imported"] == 39 and [f["file"].split("all.zip/")[1] for f in d["files"]] == ["账单/alipay.csv", "账单/wechat.xlsx"]'
expect 0 ledger --json
holds 'd["total"] == 0'
expect 0 import "$work/all.zip"
grep -q 'all.zip/账单/alipay.csv: alipay, 12 rows: 12 new' "$work/out" || fail "no line for the bill in the zip"
"$tael" import "$work/bad.zip" --json >"$work/out" 2>"$work/err"
[ $? -eq 1 ] || fail "a zip with a file that is no bill: no failure"
holds 'd["error"]["code"] == "unsupported" and d["files"][0]["error"] and d["files"][1]["duplicates"] == 12 and d["duplicates"] == 12'
expect 1 import "$work/none.zip" --json
holds 'd["error"]["code"] == "unsupported" and d["files"][0]["file"].endswith("none.zip")'
head -c 9000 "$book" >"$work/cut.xlsx"
expect 1 import "$work/cut.xlsx" --json
holds 'd["error"]["code"] == "corrupt"'
[ -z "$(find "$work" -newer "$work/none.zip" -name '*.csv')" ] || fail "something was unpacked to the disk"
