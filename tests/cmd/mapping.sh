# SPDX-License-Identifier: Apache-2.0
# `tael import --map`: what the owner says about columns is shown, kept, used again and forgotten.
. "$(dirname "$0")/lib.sh"

printf '日期,金额,对方,实付\n2026-09-01,30.00,面馆,28.00\n2026-09-02,10.00,书店,10.00\n' >"$work/bill.csv"
expect 0 import "$work/bill.csv"
grep -q 'columns guessed, please check: time=日期, amount=金额' "$work/out" || fail "the guess is not shown"
grep -q -- '--map' "$work/out" || fail "nothing says how to correct the guess"
expect 0 import "$work/bill.csv" --map 'time=日期,amount=实付,merchant=对方' --json
holds 'd["files"][0]["guessed"] is False and d["files"][0]["replaced"] == 2 and "amount=实付" in d["files"][0]["mapping"]'
expect 0 spend --json
holds 'd["minor"] == 3800 and d["count"] == 2'
expect 0 import "$work/bill.csv" --json
holds 'd["imported"] == 0 and d["files"][0]["guessed"] is False'
expect 0 import --mappings --json
holds 'len(d["mappings"]) == 1 and d["mappings"][0]["header"] == "日期, 金额, 对方, 实付"'
expect 0 import --mappings
grep -q 'amount=实付' "$work/out" || fail "--mappings does not show it"
expect 0 import --forget-mapping 1 --json
holds 'd["mappings"] == []'
expect 1 import --forget-mapping 1 --json
holds 'd["error"]["code"] == "not_found"'
expect 1 import "$work/bill.csv" --map 'time=日期' --json
holds 'd["error"]["code"] == "bad_input"'
expect 1 import "$work/bill.csv" --map 'time=日期,amount=没有,merchant=对方' --json
holds 'd["error"]["code"] == "unsupported"'
expect 2 import --mappings "$work/bill.csv"
