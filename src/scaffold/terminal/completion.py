"""Shell completion: the candidates, and the scripts for bash, zsh and fish.

The scripts pass the words of the command line in SCAFFOLD_WORDS, one per line, followed by a dot. The last
word is the one to complete. They read one candidate per line: `value TAB description`, or `:dirs` or `:files`
to let the shell complete paths.
"""

from collections.abc import Iterable, Iterator

from scaffold.catalog import model, registry

# bash splits words at `=`, so the script joins them again and strips the part before `=` from candidates.
# bash 3.2 (macOS) has no compopt, so the script adds spaces instead of readline.
BASH = r"""# scaffold completion for bash. In ~/.bashrc:  eval "$(scaffold completion bash)"
_scaffold() {
    local cur='' word line value i
    local -a words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == '=' && ${#words[@]} -gt 0 ]]; then
            words[${#words[@]}-1]+='='
        elif [[ $i -gt 1 && ${COMP_WORDS[i-1]} == '=' ]]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
    done
    cur=${words[${#words[@]}-1]}
    COMPREPLY=()
    while IFS= read -r line; do
        value=${line%%$'\t'*}
        case $value in
            :dirs) while IFS= read -r line; do COMPREPLY+=("$line/"); done < <(compgen -d -- "$cur") ;;
            :files)
                while IFS= read -r line; do
                    if [[ -d $line ]]; then COMPREPLY+=("$line/"); else COMPREPLY+=("$line "); fi
                done < <(compgen -f -- "${cur##*=}")
                ;;
            '') ;;
            *)
                [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]] && value=${value#"${cur%=*}="}
                [[ $value == *= ]] || value+=' '
                COMPREPLY+=("$value")
                ;;
        esac
    done < <(SCAFFOLD_WORDS=$(printf '%s\n' "${words[@]}" .) "$1" 2>/dev/null)
}
complete -o nospace -F _scaffold scaffold
"""

ZSH = r"""#compdef scaffold
# scaffold completion for zsh. In ~/.zshrc, after compinit:  eval "$(scaffold completion zsh)"
_scaffold() {
    local line value
    local -a offers keys
    while IFS= read -r line; do
        value=${line%%$'\t'*}
        case $value in
            (:dirs) _files -/ ;;
            (:files) compset -P '--*='; _files ;;
            (*=) keys+=("${value//:/\\:}:${line#*$'\t'}") ;;
            (?*) offers+=("${value//:/\\:}:${line#*$'\t'}") ;;
        esac
    done < <(SCAFFOLD_WORDS="${(F)words[1,CURRENT]}"$'\n.' ${words[1]} 2>/dev/null)
    (( $#keys )) && _describe -V 'answer' keys -S ''
    (( $#offers )) && _describe -V 'value' offers
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _scaffold "$@"
else
    compdef _scaffold scaffold
fi
"""

FISH = r"""# scaffold completion for fish. Once:
#   scaffold completion fish > ~/.config/fish/completions/scaffold.fish
function __scaffold_offers
    set -l words (commandline -opc) (commandline -ct)
    set -lx SCAFFOLD_WORDS (string join \n -- $words | string collect --no-trim-newlines).
    for line in ($words[1] 2>/dev/null)
        switch $line
            case ':dirs*'
                __fish_complete_directories (commandline -ct)
            case ':files*'
                __fish_complete_path (commandline -ct)
            case '*'
                printf '%s\n' $line
        end
    end
end
complete --command scaffold --no-files --arguments '(__scaffold_offers)'
"""


SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def parse_words(raw_words: str) -> list[str]:
    """Return the words passed by a script. The final dot keeps shells from dropping an empty last word."""
    return raw_words.removesuffix(".").split("\n")[:-1]


def format_candidate(typed: str, value: str, kind: str, description: str) -> str:
    """Return the line for one candidate. `kind` is click's: "plain", "dir" or "file".

    A candidate replaces the whole word, so `--answer=ci` keeps its `--answer=`.
    """
    option, equals, _ = typed.partition("=")
    whole = f"{option}{equals}{value}" if equals and option.startswith("-") else value
    first, *_ = description.splitlines() or [""]
    return f"{whole if kind == 'plain' else f':{kind}s'}\t{first}"


def complete_templates(typed: str) -> Iterator[tuple[str, str]]:
    """Return name and description of the matching templates."""
    return ((each.name, each.description) for each in registry.load_all() if each.name.startswith(typed))


def complete_answers(template: str | None, typed: str) -> Iterator[tuple[str, str]]:
    """Yield `KEY=`, then `KEY=VALUE` for each choice, of all templates if none is named."""
    asked = {each.name: each for one in _matching_templates(template) for each in one.questions}
    key, equals, value = typed.partition("=")
    if not equals:
        yield from ((f"{name}=", each.prompt) for name, each in asked.items() if name.startswith(key))
    elif key in asked:
        choices = asked[key].choices
        yield from ((f"{key}={one.value}", one.description) for one in choices if one.value.startswith(value))


def complete_milestones(template: str | None, typed: str) -> Iterator[tuple[str, str]]:
    """Yield number and title of a template's milestones."""
    for one in _matching_templates(template):
        for each in one.milestones:
            if str(each.number).startswith(typed):
                yield str(each.number), each.title


def _matching_templates(template: str | None) -> Iterable[model.Template]:
    found = registry.load_all()
    return [each for each in found if each.name == template] or found
