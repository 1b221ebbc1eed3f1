mod ask;
mod interruption;
mod life;
mod routes;
