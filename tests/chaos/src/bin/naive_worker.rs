//! A worker that keeps no promise, to be run by `chaos --naive`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let worked = runtime.map_err(order_chaos::Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                worked = order_chaos::naive::work() => worked,
                () = order_bootstrap::signals::stop() => Ok(()),
            }
        })
    });
    if let Err(error) = worked {
        eprintln!("naive-worker: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
