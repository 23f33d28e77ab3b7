# SPDX-License-Identifier: Apache-2.0
# bash completion for tael

_tael_models()
{
    printf '%s\n' smollm2-135m qwen2.5-coder-0.5b qwen2.5-coder-1.5b qwen3-0.6b qwen3-1.7b qwen3-4b \
        qwen2.5-0.5b qwen2.5-1.5b qwen2.5-3b
}

_tael()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= i
    local commands="pull models run tokenize embed perplexity quantize bench serve doctor import add remove ledger spend match merchant categories categorize habits ask mcp export erase consent disclosures key recover help"
    local globals="--home --lang --json --quiet --passphrase-file --help --version"
    local filters="--from --to --month --merchant --category --direction --method --min --max --text"
    local options=

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --home | --lang) ((i++)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done

    case $previous in
    --home | --out | -o) compopt -o dirnames; COMPREPLY=(); return ;;
    --lang) mapfile -t COMPREPLY < <(compgen -W "zh en" -- "$current"); return ;;
    --schema | --lora | --key-file | --passphrase-file | --new-passphrase-file) compopt -o default; COMPREPLY=(); return ;;
    -m | --model)
        compopt -o default
        mapfile -t COMPREPLY < <(compgen -W "$(_tael_models)" -- "$current")
        return
        ;;
    --pooling) mapfile -t COMPREPLY < <(compgen -W "mean first last" -- "$current"); return ;;
    --direction) mapfile -t COMPREPLY < <(compgen -W "expense income neutral" -- "$current"); return ;;
    --by)
        mapfile -t COMPREPLY < <(compgen -W "month category subcategory merchant weekday hour method source day year" -- "$current")
        return
        ;;
    esac

    case $command in
    run) options="--model --lora --system --raw --max-tokens --temp --top-p --top-k --min-p --seed --ctx --threads --kv-q8 --energy --draft --no-speculation --schema --stop" ;;
    tokenize) options="--model --no-special" ;;
    embed) options="--model --lora --pooling --ctx --threads" ;;
    perplexity) options="--model --lora --ctx --threads" ;;
    quantize) options="--to --imatrix --pure --threads" ;;
    bench) options="--model --prompt --tokens --depth --parallel --kv-q8 --threads --runs" ;;
    serve) options="--model --lora --host --port --key-file --parallel --ctx --deadline --kv-q8 --no-page --open --threads" ;;
    import) options="--as --password --map --mappings --forget-mapping --sample --dry-run" ;;
    ledger) options="$filters --limit" ;;
    spend) options="$filters --by --income --gross --limit" ;;
    match) options="--undo --redo --join --limit" ;;
    merchant) options="--as --forget --suggest --limit" ;;
    categorize) options="--only --all --forget" ;;
    habits) options="show recurring next forecast unusual train forget --today --days --limit --kind --undo" ;;
    ask) options="--model --today --after --explain --threads" ;;
    export) options="--out" ;;
    add) options="--yes --today" ;;
    erase) options="--source --before --all --yes" ;;
    recover) options="--out" ;;
    consent) options="habits partner trial assistants population diagnostics on off" ;;
    disclosures) options="--verify --limit" ;;
    mcp) options="--model" ;;
    key) options="--set-passphrase --change --remove-passphrase --new-passphrase-file" ;;
    esac

    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options $globals" -- "$current")
    elif [[ -z $command || $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    elif [[ $command == pull ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_tael_models)" -- "$current")
    elif [[ $command == import || $command == perplexity || $command == quantize ]]; then
        compopt -o default
        COMPREPLY=()
    fi
}

complete -F _tael tael
