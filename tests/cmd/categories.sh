# SPDX-License-Identifier: Apache-2.0
# Categories come with the import, answer to names of the tree, and learn: what the owner says holds for the merchant, and is undone when it is
# forgotten. The bill and its sums stand in data/README.md.
. "$(dirname "$0")/lib.sh"
make_bill
expect 0 import "$work/bill.csv" --json
holds 'd["imported"] == 12'

# Every record has a category of the tree, in the language that was asked for, and the bill's own word beside it.
expect 0 ledger --json
holds 'all(r["category_by"] == "model" and r["category_key"] and r["subcategory"] for r in d["records"])'
holds 'all(r["bill_category"] for r in d["records"])'
holds '[r["category_key"] for r in d["records"] if "库迪" in r["merchant"]] == ["food.coffee"] * 2'
expect 0 --lang zh ledger --text 键盘 --json
holds 'd["records"][0]["category"] == "购物" and d["records"][0]["subcategory"] == "数码"'
id=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["records"][0]["id"])' "$work/out")

# A name of either level, in either language, or a key; a group's sum is what the filter finds.
for name in 咖啡 coffee Coffee food.coffee; do
    expect 0 spend --category "$name" --json
    holds 'd["minor"] == 2180 and d["count"] == 2'
done
expect 0 --lang zh spend --by category --json
holds '[g["minor"] for g in d["groups"] if g["key"] == "餐饮"] == [4530]'
expect 0 spend --category 餐饮 --json
holds 'd["minor"] == 4530'
expect 0 --lang zh spend --by subcategory --json
holds '[g["minor"] for g in d["groups"] if g["key"] == "咖啡"] == [2180] and sum(g["minor"] for g in d["groups"]) == 142986'

expect 0 categories --json
holds 'd["uncategorized"] == 0 and sum(c["minor"] for c in d["categories"]) == 142986'
holds 'all(c["minor"] == sum(s["minor"] for s in c["subcategories"]) for c in d["categories"])'
expect 0 --lang zh categories
grep -q '咖啡 .*food.coffee' "$work/out" || fail "the tree for people"

# Said once for a merchant, it holds for its other rows; --only for one alone.
expect 0 ledger --merchant 库迪 --json
coffee=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["records"][0]["id"])' "$work/out")
expect 0 --lang zh categorize "$coffee" 奶茶饮品 --json
holds 'd["category"] == "餐饮" and d["category_key"] == "food.tea" and d["changed"] >= 2'
expect 0 ledger --merchant 库迪 --json
holds '[(r["category_key"], r["category_by"]) for r in d["records"]] == [("food.tea", "owner")] * 2'
expect 0 categorize --forget "$coffee" --json
holds 'd["category_key"] == "food.coffee" and d["changed"] >= 2'
expect 1 categorize --forget "$coffee"
expect 0 categorize "$coffee" other --only --json
expect 0 ledger --merchant 库迪 --json
holds 'sorted(r["category_by"] for r in d["records"]) == ["model", "owner"]'
expect 0 categorize --forget "$coffee"
expect 1 categorize 999999 咖啡

# A correction survives a new import and a recomputation, and leaves with its records.
expect 0 categorize "$id" 家电 --json
expect 0 categorize --all --json
holds 'd["changed"] == 0'
expect 0 ledger --text 键盘 --json
holds 'd["records"][0]["category_key"] == "shopping.appliances"'
expect 0 export --out "$work/everything" --json
python3 - "$work/everything/records.json" <<'PYTHON' || fail "the export lacks the correction"
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
assert [c["category_id"] for c in d["corrections"]] == [303] and all(r["category_id"] > 0 for r in d["records"]), d["corrections"]
PYTHON
expect 0 erase --all --yes
expect 0 import "$work/bill.csv" --json
expect 0 ledger --text 键盘 --json
holds 'd["records"][0]["category_by"] == "model" and d["records"][0]["category_key"] == "shopping.digital"'
