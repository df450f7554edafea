# Keeps one server for one test, and ends it when the test ends, however that ends.
# Standard input is a pipe from the test: when the test dies, even by SIGKILL, the pipe closes.
# Arguments: the server's folder, the signal that ends it at once, and its command line.
folder=$1 last=$2
shift 2
server=

halt() {
    [ -n "$server" ] || return 0
    # A server that a test has paused would never see the signal, so it is continued.
    kill -s "$1" "$server" 2>/dev/null && kill -s CONT "$server" 2>/dev/null
    # Until it is waited for, the dead server keeps its number: no other process can have it.
    wait "$server" 2>/dev/null
    server=
}

finish() {
    halt "$last"
    rm -rf "$folder" 2>/dev/null
}

trap '' PIPE
trap finish EXIT
trap 'exit 1' HUP INT TERM

while read -r word signal; do
    case $word in
        start)
            halt "$last"
            "$@" </dev/null >>"$folder/log" 2>&1 &
            server=$!
            echo "$server"
            ;;
        stop)
            halt "$signal"
            echo stopped
            ;;
    esac
done
