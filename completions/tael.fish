# SPDX-License-Identifier: Apache-2.0
# fish completion for tael
set -l commands pull models run tokenize embed perplexity quantize bench serve doctor import add remove ledger spend match merchant categories categorize habits ask mcp export erase consent disclosures key recover help
set -l models smollm2-135m qwen2.5-coder-0.5b qwen2.5-coder-1.5b qwen3-0.6b qwen3-1.7b qwen3-4b qwen2.5-0.5b qwen2.5-1.5b qwen2.5-3b
set -l none "not __fish_seen_subcommand_from $commands"

complete -c tael -f
complete -c tael -l home -x -a '(__fish_complete_directories)' -d 'where Tael keeps its data'
complete -c tael -l lang -x -a 'zh en' -d language
complete -c tael -l json -d 'one JSON document on standard output'
complete -c tael -l passphrase-file -r -F -d 'passphrase of the ledger'
complete -c tael -s q -l quiet -d 'no progress and no notes'
complete -c tael -s h -l help -d help
complete -c tael -l version -d 'the version'

complete -c tael -n $none -a pull -d 'fetch a model of the catalogue'
complete -c tael -n $none -a models -d 'the catalogue, and what is installed'
complete -c tael -n $none -a run -d 'one chat turn, or a conversation'
complete -c tael -n $none -a tokenize -d 'the token ids of a text'
complete -c tael -n $none -a embed -d 'vectors of texts, for search'
complete -c tael -n $none -a perplexity -d 'how well a model predicts a text'
complete -c tael -n $none -a quantize -d 'make a model smaller'
complete -c tael -n $none -a bench -d 'prefill and decode speed'
complete -c tael -n $none -a serve -d 'the page, and the model for many clients over HTTP'
complete -c tael -n $none -a doctor -d 'what this device can do'
complete -c tael -n $none -a import -d 'read bills into the ledger'
complete -c tael -n $none -a ledger -d 'the records, newest first'
complete -c tael -n $none -a spend -d 'what was spent, net of refunds'
complete -c tael -n $none -a match -d 'rows of several bills that are one payment'
complete -c tael -n $none -a merchant -d 'merchants by brand'
complete -c tael -n $none -a categories -d 'the categories, with counts and sums'
complete -c tael -n $none -a categorize -d 'say what a record is'
complete -c tael -n $none -a habits -d 'what recurs, comes next, stands out'
complete -c tael -n $none -a ask -d 'answer a question from the ledger'
complete -c tael -n $none -a export -d 'everything out, in open formats'
complete -c tael -n $none -a add -d 'add a payment by saying it'
complete -c tael -n $none -a remove -d 'take back a record added by hand'
complete -c tael -n $none -a erase -d 'records really gone'
complete -c tael -n $none -a consent -d 'what the ledger may be used for'
complete -c tael -n $none -a disclosures -d 'what left the device, and to whom'
complete -c tael -n $none -a mcp -d 'the ledger as tools for other assistants'
complete -c tael -n $none -a key -d 'a passphrase on the ledger'
complete -c tael -n $none -a recover -d 'save what can be read of a damaged ledger'
complete -c tael -n $none -a help -d 'help on a command'
complete -c tael -n '__fish_seen_subcommand_from help' -a "$commands"
complete -c tael -n '__fish_seen_subcommand_from pull' -a "$models"

for command in run tokenize embed perplexity bench serve ask mcp
    complete -c tael -n "__fish_seen_subcommand_from $command" -s m -l model -x -a "$models (__fish_complete_suffix .gguf)" -d model
end
for command in run embed perplexity quantize bench serve ask
    complete -c tael -n "__fish_seen_subcommand_from $command" -s t -l threads -x -d threads
end
for command in run embed perplexity serve
    complete -c tael -n "__fish_seen_subcommand_from $command" -l lora -r -F -d 'LoRA adapter'
    complete -c tael -n "__fish_seen_subcommand_from $command" -s c -l ctx -x -d 'context in tokens'
end
complete -c tael -n '__fish_seen_subcommand_from run' -s s -l system -x -d 'system message'
complete -c tael -n '__fish_seen_subcommand_from run' -l raw -d 'no chat template'
complete -c tael -n '__fish_seen_subcommand_from run' -s n -l max-tokens -x -d 'at most N tokens'
complete -c tael -n '__fish_seen_subcommand_from run' -l temp -x -d temperature
complete -c tael -n '__fish_seen_subcommand_from run' -l top-p -x -d nucleus
complete -c tael -n '__fish_seen_subcommand_from run' -l top-k -x -d 'of the likeliest'
complete -c tael -n '__fish_seen_subcommand_from run' -l min-p -x -d floor
complete -c tael -n '__fish_seen_subcommand_from run' -l seed -x -d 'repeat what chance gave'
complete -c tael -n '__fish_seen_subcommand_from run bench serve' -l kv-q8 -d 'context in 8 bits'
complete -c tael -n '__fish_seen_subcommand_from serve' -l host -x -d 'listen there'
complete -c tael -n '__fish_seen_subcommand_from serve' -s p -l port -x -d 'listen at this port'
complete -c tael -n '__fish_seen_subcommand_from serve' -l key-file -r -F -d 'ask for one of these keys'
complete -c tael -n '__fish_seen_subcommand_from serve' -l parallel -x -d 'generations at once'
complete -c tael -n '__fish_seen_subcommand_from serve' -l no-page -d 'the model alone'
complete -c tael -n '__fish_seen_subcommand_from serve' -l open -d 'open the page'
complete -c tael -n '__fish_seen_subcommand_from serve' -l deadline -x -d 'give up a request after that many seconds'
complete -c tael -n '__fish_seen_subcommand_from run' -l energy -d 'half the cores'
complete -c tael -n '__fish_seen_subcommand_from run' -l draft -x -d 'model that guesses ahead'
complete -c tael -n '__fish_seen_subcommand_from run' -l no-speculation -d 'one token at a time'
complete -c tael -n '__fish_seen_subcommand_from run' -l schema -r -F -d 'JSON schema'
complete -c tael -n '__fish_seen_subcommand_from run' -l stop -x -d 'stop before'
complete -c tael -n '__fish_seen_subcommand_from tokenize' -l no-special -d 'special tokens are text'
complete -c tael -n '__fish_seen_subcommand_from embed' -l pooling -x -a 'mean first last' -d 'which tokens'
complete -c tael -n '__fish_seen_subcommand_from perplexity quantize' -F
complete -c tael -n '__fish_seen_subcommand_from quantize' -l to -x -a 'Q4_K_M Q4_K Q4_K_S Q5_K_M Q3_K_M Q2_K Q6_K Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL IQ4_XS F16 BF16 F32' -d 'what to make'
complete -c tael -n '__fish_seen_subcommand_from quantize' -l imatrix -r -F -d 'importances of columns'
complete -c tael -n '__fish_seen_subcommand_from quantize' -l pure -d 'every matrix in one format'
complete -c tael -n '__fish_seen_subcommand_from bench' -s p -l prompt -x -d 'tokens to prefill'
complete -c tael -n '__fish_seen_subcommand_from bench' -s n -l tokens -x -d 'tokens to decode'
complete -c tael -n '__fish_seen_subcommand_from bench' -s d -l depth -x -d 'tokens in the context before'
complete -c tael -n '__fish_seen_subcommand_from bench' -l parallel -x -d 'requests at once'
complete -c tael -n '__fish_seen_subcommand_from bench' -s r -l runs -x -d runs
complete -c tael -n '__fish_seen_subcommand_from import' -F
complete -c tael -n '__fish_seen_subcommand_from import' -l as -x -a 'alipay wechat jd meituan icbc_debit icbc_credit ccb_debit boc_debit boc_credit abc_debit bocom_debit bocom_credit cmb_debit cmb_credit cgb_credit citic_credit spdb_debit hsbc_hk_credit hsbc_hk_debit bmo_credit bmo_debit td feidee htsec hxsec huobi ofx qif generic' -d format
complete -c tael -n '__fish_seen_subcommand_from import' -l password -x -d 'of a protected zip'
complete -c tael -n '__fish_seen_subcommand_from import' -l map -x -d 'how its columns are read'
complete -c tael -n '__fish_seen_subcommand_from import' -l mappings -d 'list what was kept of --map'
complete -c tael -n '__fish_seen_subcommand_from import' -l forget-mapping -x -d 'forget one of them'
complete -c tael -n '__fish_seen_subcommand_from import' -l sample -d 'made-up bills'
complete -c tael -n '__fish_seen_subcommand_from import' -l dry-run -d 'keep nothing'
for command in ledger spend
    complete -c tael -n "__fish_seen_subcommand_from $command" -l from -x -d 'from this day on'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l to -x -d 'up to this day'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l month -x -d 'this month'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l merchant -x -d 'in the merchant'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l category -x -d 'in the category'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l direction -x -a 'expense income neutral' -d direction
    complete -c tael -n "__fish_seen_subcommand_from $command" -l method -x -d 'in the payment method'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l min -x -d 'at least'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l max -x -d 'at most'
    complete -c tael -n "__fish_seen_subcommand_from $command" -l text -x -d anywhere
    complete -c tael -n "__fish_seen_subcommand_from $command" -l limit -x -d 'at most N'
end
complete -c tael -n '__fish_seen_subcommand_from spend' -l by -x -a 'month category subcategory merchant weekday hour method source day year' -d group
complete -c tael -n '__fish_seen_subcommand_from spend' -l income -d 'what came in'
complete -c tael -n '__fish_seen_subcommand_from spend' -l gross -d 'leave refunds out'
complete -c tael -n '__fish_seen_subcommand_from match' -l undo -x -d 'this match is wrong'
complete -c tael -n '__fish_seen_subcommand_from match' -l redo -x -d 'forget the decision'
complete -c tael -n '__fish_seen_subcommand_from match' -l join -x -d 'one payment'
complete -c tael -n '__fish_seen_subcommand_from merchant' -l as -x -d 'call it this'
complete -c tael -n '__fish_seen_subcommand_from merchant' -l forget -d 'forget its name'
complete -c tael -n '__fish_seen_subcommand_from merchant' -l suggest -d 'names of one payment'
complete -c tael -n '__fish_seen_subcommand_from match merchant disclosures' -l limit -x -d 'at most N'
complete -c tael -n '__fish_seen_subcommand_from categorize' -l only -d 'this record alone'
complete -c tael -n '__fish_seen_subcommand_from categorize' -l all -d 'every record anew'
complete -c tael -n '__fish_seen_subcommand_from categorize' -l forget -x -d 'take back'
complete -c tael -n '__fish_seen_subcommand_from habits' -x -a 'show recurring next forecast unusual train forget'
complete -c tael -n '__fish_seen_subcommand_from habits' -l today -x -d 'as of this day'
complete -c tael -n '__fish_seen_subcommand_from habits' -l days -x -d 'unusual: the last days'
complete -c tael -n '__fish_seen_subcommand_from habits' -l limit -x -d 'next: at most'
complete -c tael -n '__fish_seen_subcommand_from habits' -l kind -x -a 'merchant category item' -d 'next: only these'
complete -c tael -n '__fish_seen_subcommand_from habits' -l undo -d 'forget: learn from it again'
complete -c tael -n '__fish_seen_subcommand_from ask' -l today -x -d 'as on this day'
complete -c tael -n '__fish_seen_subcommand_from ask' -l after -x -d 'the question before'
complete -c tael -n '__fish_seen_subcommand_from ask' -l explain -d 'how it was understood'
complete -c tael -n '__fish_seen_subcommand_from export' -s o -l out -r -d folder
complete -c tael -n '__fish_seen_subcommand_from add' -l yes -s y -d 'store without asking'
complete -c tael -n '__fish_seen_subcommand_from add' -l today -x -d 'as said on this day'
complete -c tael -n '__fish_seen_subcommand_from erase' -l source -x -a 'alipay wechat jd meituan icbc_debit icbc_credit ccb_debit boc_debit boc_credit abc_debit bocom_debit bocom_credit cmb_debit cmb_credit cgb_credit citic_credit spdb_debit hsbc_hk_credit hsbc_hk_debit bmo_credit bmo_debit td feidee htsec hxsec huobi ofx qif generic manual' -d 'from this source'
complete -c tael -n '__fish_seen_subcommand_from erase' -l before -x -d 'older than'
complete -c tael -n '__fish_seen_subcommand_from erase' -l all -d everything
complete -c tael -n '__fish_seen_subcommand_from erase' -l yes -d really
complete -c tael -n '__fish_seen_subcommand_from consent' -a 'habits partner trial assistants population diagnostics on off'
complete -c tael -n '__fish_seen_subcommand_from disclosures' -l verify -d 'look whether the log was changed'
complete -c tael -n '__fish_seen_subcommand_from key' -l set-passphrase -d 'protect the key'
complete -c tael -n '__fish_seen_subcommand_from key' -l change -d 'another passphrase'
complete -c tael -n '__fish_seen_subcommand_from key' -l remove-passphrase -d 'keep the key without one'
complete -c tael -n '__fish_seen_subcommand_from key' -l new-passphrase-file -r -F -d 'the new one'
complete -c tael -n '__fish_seen_subcommand_from recover' -s o -l out -x -a '(__fish_complete_directories)' -d 'the fresh one'
