# Standard input is a pipe from the run. When it closes, the run is over or dead.
folder=$1 guarded=
trap '' INT TERM HUP PIPE

while read -r word pid; do
    case $word in
        guard) guarded="$guarded $pid" ;;
        forget)
            rest=
            for other in $guarded; do
                [ "$other" = "$pid" ] || rest="$rest $other"
            done
            guarded=$rest
            ;;
        keep) folder= ;;
    esac
done

for pid in $guarded; do
    kill -s KILL "$pid" 2>/dev/null
done
[ -z "$folder" ] || rm -rf "$folder"
